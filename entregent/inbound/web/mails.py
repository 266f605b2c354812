"""« Courriels à rattacher »: what came in and is nobody's yet, what could not be read, what was set aside."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_GET, require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.actions import create_prospect
from entregent.clients.models import Client
from entregent.inbound import actions, mails
from entregent.inbound.models import RawMail
from entregent.inbound.reach import interactions_behind
from entregent.inbound.web.forms import ProspectForm
from entregent.interactions.models import Interaction
from entregent.interactions.web.find import clients_found
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.toolbox.text import as_id
from entregent.ui.pages import is_htmx, render, see

PAGE = 50
State = RawMail.State
VIEWS = {"": State.TO_ATTACH, "quarantaine": State.QUARANTINED, "ignores": State.IGNORED, "classes": State.FILED}


@require_GET
@requires(Right.INBOUND_ATTACH)
def mail_list(request):
    member = request.member
    view = request.GET.get("vue", "")
    state = VIEWS.get(view, State.TO_ATTACH)
    found = RawMail.objects.visible_to(member).filter(state=state)
    after = as_id(request.GET.get("apres", ""))
    if after is not None:
        last = RawMail.objects.visible_to(member).filter(pk=after).values("received_at", "pk").first()
        if last is not None:
            found = found.filter(received_at__lte=last["received_at"]).exclude(
                received_at=last["received_at"], pk__gte=last["pk"]
            )
    rows = list(
        found.only(
            "pk", "sender", "sender_name", "subject", "preview", "received_at", "has_files", "reason", "state", "client"
        )[: PAGE + 1]
    )
    here = reverse("inbound:mails", args=[member.organization.slug])
    query = {"vue": view} if view in VIEWS and view else {}
    context = {
        "mails": rows[:PAGE],
        "next": f"{here}?{urlencode(query | {'apres': rows[PAGE - 1].pk})}" if len(rows) > PAGE else None,
        "view": view if view in VIEWS else "",
        "views": _views(),
        "here": here,
        "query": urlencode(query),
    }
    chosen = as_id(request.GET.get("courriel", ""))
    if chosen is None and rows and not is_htmx(request):
        chosen = rows[0].pk
    context |= {"pane": None} if chosen is None else _pane(request, chosen, is_lenient=True)
    fragment = "lower" if request.GET.get("courriel") else "rows"
    return render(request, "inbound/mails.html", context, fragment=fragment)


def _views() -> list[tuple[str, str]]:
    return [
        ("", pgettext("mails", "À rattacher")),
        ("quarantaine", _("En quarantaine")),
        ("ignores", pgettext("mails", "Ignorés")),
        ("classes", pgettext("mails", "Classés")),
    ]


def _pane(request, mail_id: int, *, is_lenient: bool = False, form=None, error: str = "") -> dict:
    """The mail that is read, with what can be done with it."""
    member = request.member
    try:
        mail = _one(member, mail_id)
    except NotFound:
        if is_lenient:
            return {"pane": None}
        raise
    try:
        read = mails.read(actions.content_of(mail))
    except (mails.Unreadable, NotFound):
        read = None
    clients, asked = [], None
    if mail.is_open:
        clients = list(Client.objects.visible_to(member, Right.INTERACTION_LOG).filter(pk__in=mail.guesses)[:20])
        if mail.asked_number is not None:
            asked = (
                Interaction.objects.visible_to(member, Right.INTERACTION_LOG)
                .select_related("client", "topic")
                .filter(number=mail.asked_number)
                .first()
            )
    filed = interactions_behind(member, mail)
    if form is None and mail.is_open:
        first, _space, last = mail.sender_name.rpartition(" ")
        form = ProspectForm(initial={"kind": "person", "first_name": first, "name": last, "email": mail.sender})
    return {
        "pane": {
            "mail": mail,
            "read": read,
            "clients": clients,
            "asked": asked,
            "filed": filed,
            "form": form,
            "error": error,
            "query": request.GET.get("q", ""),
            "found": None,
        }
    }


@require_GET
@requires(Right.INBOUND_ATTACH)
def client_find(request, mail_id):
    """Clients for a mail, found by typing; without htmx a page of their own."""
    context = _pane(request, mail_id)
    text = request.GET.get("q", "").strip()
    context["pane"]["found"] = clients_found(request.member, text) if len(text) >= 2 else None
    return render(request, "inbound/clients.html", context, fragment="found")


@require_POST
@requires(Right.INBOUND_ATTACH)
def mail_attach(request, mail_id):
    """To a client by number, to an interaction by number, or to a prospect who is made for it."""
    member = request.member
    mail = _one(member, mail_id)
    form = None
    is_visible = request.POST.get("visible") == "1"
    try:
        if "prospect" in request.POST:
            form = ProspectForm(request.POST)
            if not form.is_valid():
                return _again(request, mail_id, form=form)
            interaction = actions.attach_mail(mail, by=member, client=_prospect(member, form), visible=is_visible)
        elif request.POST.get("interaction"):
            number = as_id(request.POST["interaction"].strip())
            found = Interaction.objects.visible_to(member, Right.INTERACTION_LOG).filter(number=number or 0).first()
            if found is None:
                raise Refusal("E-003-NUMBER", _("Aucune interaction ne porte ce numéro."), field="interaction")
            interaction = actions.attach_mail(mail, by=member, interaction=found, visible=is_visible)
        else:
            client = Client.objects.visible_to(member, Right.INTERACTION_LOG).filter(
                number=request.POST.get("client", "")[:40]
            )
            found_client = client.first()
            if found_client is None:
                raise Refusal("E-003-CLIENT", _("Numéro de client inconnu."), field="client")
            interaction = actions.attach_mail(mail, by=member, client=found_client, visible=is_visible)
    except (Refusal, Refusals) as refused:
        refusals = refused.refusals if isinstance(refused, Refusals) else [refused]
        return _again(request, mail_id, form=form, error=" ".join(str(one.message) for one in refusals))
    toast = _("Courriel rattaché à l’interaction n° %(number)s.") % {"number": interaction.number}
    return see(request, _here(member), toast=toast, undo_url=_at(member, "detach", mail_id=mail_id))


def _prospect(member, form) -> Client:
    if not member.can(Right.CLIENT_CREATE):
        raise Refusal("E-ROLE", _("Vous n'avez pas l'habilitation nécessaire."), status=403)
    data = form.cleaned_data
    first_name = data["first_name"] if data["kind"] == "person" else ""
    return create_prospect(by=member, kind=data["kind"], name=data["name"], first_name=first_name, email=data["email"])


def _again(request, mail_id: int, *, form=None, error: str = ""):
    context = _pane(request, mail_id, form=form, error=error)
    return render(request, "inbound/clients.html", context, status=422)


@require_POST
@requires(Right.INBOUND_ATTACH)
def mail_detach(request, mail_id):
    actions.detach_mail(_one(request.member, mail_id), by=request.member)
    return see(request, _here(request.member), toast=_("Le courriel est de nouveau à rattacher."))


@require_POST
@requires(Right.INBOUND_ATTACH)
def mail_retry(request, mail_id):
    actions.retry_mail(_one(request.member, mail_id), by=request.member)
    return see(request, f"{_here(request.member)}?vue=quarantaine", toast=_("Le courriel est relu dans un instant."))


@require_POST
@requires(Right.INBOUND_ATTACH)
def mails_ignore(request):
    changed = actions.ignore_mails(_several(request, request.POST.getlist("courriel")), by=request.member)
    if not changed:
        return see(request, _here(request.member), toast=_("Aucun courriel n’était coché."))
    undo_url = f"{_at(request.member, 'take_back')}?{urlencode({'courriel': changed}, doseq=True)}"
    told = ngettext("%(n)s courriel ignoré.", "%(n)s courriels ignorés.", len(changed)) % {"n": len(changed)}
    return see(request, _here(request.member), toast=told, undo_url=undo_url)


@require_POST
@requires(Right.INBOUND_ATTACH)
def mails_take_back(request):
    """The ids stand in the address where it is the « Annuler » of a toast, in the form elsewhere."""
    given = [*request.GET.getlist("courriel"), *request.POST.getlist("courriel")]
    changed = actions.take_back_mails(_several(request, given), by=request.member)
    told = ngettext("%(n)s courriel remis à rattacher.", "%(n)s courriels remis à rattacher.", len(changed))
    return see(request, _here(request.member), toast=told % {"n": len(changed)})


def _several(request, given: list[str]) -> list[RawMail]:
    ids = [one for one in map(as_id, given[: actions.MOST_AT_ONCE]) if one is not None]
    return list(RawMail.objects.visible_to(request.member).filter(pk__in=ids).only("pk"))


def _one(member, mail_id: int) -> RawMail:
    return (
        RawMail.objects.visible_to(member)
        .select_related("organization", "mailbox__topic", "file", "client", "person", "handled_by")
        .found(pk=mail_id)
    )


def _here(member) -> str:
    return _at(member, "mails")


def _at(member, name: str, **kwargs) -> str:
    return reverse(f"inbound:{name}", kwargs={"organization": member.organization.slug, **kwargs})
