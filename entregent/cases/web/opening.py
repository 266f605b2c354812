"""« Nouveau dossier », by hand for a client or from a contact; and taking it back."""

from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases import actions
from entregent.cases.extension_points import responsible_proposals
from entregent.cases.models import Case
from entregent.cases.publishing import attachments_of
from entregent.cases.reading import type_of_contact
from entregent.cases.web.answers import back, case_url, get_contact
from entregent.cases.web.forms import CaseForm
from entregent.cases.web.proposals import Offer, offer_of
from entregent.clients.models import BusinessObjectType, Client, CreditHold
from entregent.interactions.actions import NO_CONTRACT
from entregent.interactions.web.answers import at
from entregent.interactions.web.find import clients_found
from entregent.organizations.models import Module
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.toolbox.text import as_id
from entregent.ui.pages import add_refusal, render, see

PAGE = "cases/create.html"


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
def case_create(request):
    """For `client` (a number), or from a contact (`contact`, its number): then with all that the contact has."""
    member = request.member
    wanted = request.POST if request.method == "POST" else request.GET
    contact, client = _about(request, wanted)
    if client is None:
        return _choose_client(request, wanted)
    kind = type_of_contact(member, contact) if contact is not None and request.method != "POST" else None
    initial = _initial(client, contact) | ({"case_type": kind.pk} if kind is not None else {})
    form = CaseForm(request.POST if request.method == "POST" else None, member=member, client=client, initial=initial)
    offer = offer_of(member, client, kind, None)
    if request.method == "POST" and form.is_valid():
        details = form.details()
        offer = offer_of(member, client, details["case_type"], details["contract"], request.POST)
        try:
            case = _open(member, details, offer, client, contact)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return back(
                request,
                case,
                _("Dossier n° %(number)s ouvert.") % {"number": case.number},
                undo_url=at("cases:delete", member, number=case.number),
            )
    context = {
        "form": form,
        "offer": offer,
        "client": client,
        "contact": contact,
        "brought": _brought(contact) if contact is not None else None,
        "hold": CreditHold.objects.filter(client_id=client.pk, lifted_at__isnull=True).first(),
        "step": "compose",
    }
    return render(request, PAGE, context, fragment="compose", status=422 if request.method == "POST" else 200)


def _open(member, details: dict, offer: Offer | None, client: Client, contact) -> Case:
    if offer is not None:
        details |= offer.chosen()
        details["title"] = details["title"] or offer.proposal.subject
        details["note"] = details["note"] if details["note"].strip() else offer.proposal.text
    if contact is None:
        return actions.open_case(by=member, client=client, **details)
    if details["contract"] is None:
        details["contract"] = NO_CONTRACT
    return actions.open_case_from(contact, by=member, **details)


def _initial(client, contact) -> dict:
    proposed = [user for propose in responsible_proposals if (user := propose(client)) is not None]
    initial = {"responsible": proposed[0]} if proposed else {}
    if contact is None:
        return initial
    contract = (
        contact.objects_linked.filter(object__type__code=BusinessObjectType.CONTRACT)
        .values_list("object_id", flat=True)
        .first()
    )
    return initial | {"title": contact.subject, "priority": contact.priority, "contract": contract or ""}


def _brought(contact) -> dict:
    """What the contact brings: everything (R001-20)."""
    return {
        "participants": list(contact.participants.select_related("client", "person").order_by("id")),
        "agents": list(contact.agents.select_related("user").order_by("id")),
        "objects": list(contact.objects_linked.select_related("object__type").order_by("id")),
        "files": list(attachments_of(contact)),
    }


def _about(request, wanted):
    """The contact, if the address names one, and the client."""
    number = as_id(wanted.get("contact", ""))
    if number is not None:
        contact = get_contact(request, number)
        if contact.client is None:
            raise Refusal("E-001-NO-CLIENT", _("Choisissez un client ou créez un prospect."), field="client")
        if not Client.objects.visible_to(request.member, Right.CASE_EDIT).filter(pk=contact.client_id).exists():
            raise NotFound
        return contact, contact.client
    typed = wanted.get("client", "").strip()
    if not typed:
        return None, None
    found = Client.objects.visible_to(request.member, Right.CASE_EDIT).select_related("organization")
    return None, found.filter(number=typed).first() or found.filter(aliases__number=typed).first()


def _choose_client(request, wanted):
    text = request.GET.get("q", "").strip()
    context = {
        "step": "choose",
        "query": text,
        "unknown": wanted.get("client", "").strip(),
        "is_missing": request.method == "POST",
        "found": clients_found(request.member, text) if len(text) >= 2 else None,
    }
    return render(request, PAGE, context, status=422 if request.method == "POST" else 200)


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def case_delete(request, number):
    """Also the « Annuler » of the toast after opening."""
    case = Case.objects.visible_to(request.member, Right.CASE_EDIT).select_related("client", "organization").found(
        number=number
    )  # fmt: skip
    actions.delete_case(case, by=request.member)
    return see(
        request,
        at("workspace:client", request.member, number=case.client.number),
        toast=_("Dossier n° %(number)s supprimé.") % {"number": number},
        undo_url=at("cases:restore", request.member, number=number),
    )


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def case_restore(request, number):
    case = (
        Case.objects.visible_to(request.member, Right.CASE_EDIT, deleted=True)
        .select_related("organization", "client")
        .found(number=number)
    )
    if case.deleted_by_id != request.member.user_id and not request.member.can(Right.CASE_DELETE):
        raise NotFound
    actions.restore_case(case, by=request.member)
    return see(request, case_url(request, case), toast=_("Dossier n° %(number)s rétabli.") % {"number": number})
