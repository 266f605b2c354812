"""The staff's side of the portal: who at a client has access, giving and taking it, how the portal is set."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.clients.models import Client, ClientPerson, Person
from entregent.clients.web.panes import open_file, reaches
from entregent.interactions import portal_access
from entregent.interactions.portal_models import PortalAccess, PortalSettings
from entregent.interactions.web.answers import at
from entregent.organizations.models import Module
from entregent.organizations.web.administration import render_administration, with_version
from entregent.organizations.web.forms import both_versions
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from entregent.ui.pages import add_refusal, is_htmx, render, see, with_toast


@requires(Right.CLIENT_VIEW, module=Module.PORTAL)
@require_safe
def client_portal(request: MemberRequest, number: str) -> HttpResponse:
    """Everybody who stands for the client, with their access; as a pane for htmx."""
    return _pane(request, open_file(request, number))


def _pane(request: MemberRequest, client: Client) -> HttpResponse:
    ties = list(ClientPerson.objects.filter(client=client, person__deleted_at__isnull=True).select_related("person"))
    accesses = _accesses(client=client)
    context = {
        "client": client,
        "rows": [(tie.person, accesses.get(tie.person_id)) for tie in ties],
        "may_give": reaches(request.member, Right.PORTAL_INVITE, client),
        "may_watch": reaches(request.member, Right.PORTAL_VIEW_AS, client),
    }
    return render(request, "interactions/portal.html", context, fragment="pane")


@requires(Right.PORTAL_INVITE, module=Module.PORTAL)
@require_POST
def client_portal_change(request: MemberRequest, number: str, pk: int, verb: str) -> HttpResponse:
    """One button of the pane: invite, suspend, resume, make permanent, take away, colleagues."""
    client = open_file(request, number, Right.PORTAL_INVITE)
    tie = ClientPerson.objects.filter(client=client, person_id=pk, person__deleted_at__isnull=True).first()
    if tie is None:
        raise NotFound
    said, tone = _change(request, verb, tie.person, client)
    if is_htmx(request):
        return with_toast(_pane(request, client), said, tone=tone)
    return _back(request, at("interactions:client_portal", request.member, number=client.number), said, tone)


@requires(Right.CLIENT_VIEW, module=Module.PORTAL)
@require_safe
def person_portal(request: MemberRequest, pk: int) -> HttpResponse:
    """The accesses of one person, client by client; of somebody who stands for no client, their own."""
    person = Person.objects.get_visible(request.member, pk=pk)
    clients = Client.objects.visible_to(request.member).filter(client_people__person=person).order_by("display_name")
    standing = {
        access.client_id: access
        for access in _open().filter(organization_id=request.member.organization_id, person=person)
    }
    alone = not ClientPerson.objects.filter(person=person, client__deleted_at__isnull=True).exists()
    context = {
        "person": person,
        "rows": [(client, standing.get(client.pk)) for client in clients],
        "alone": alone,
        "own": standing.get(None),
        "may_give": request.member.can(Right.PORTAL_INVITE),
        "may_watch": request.member.can(Right.PORTAL_VIEW_AS),
    }
    return render(request, "interactions/portal_person.html", context)


@requires(Right.PORTAL_INVITE, module=Module.PORTAL)
@require_POST
def person_portal_change(request: MemberRequest, pk: int, verb: str) -> HttpResponse:
    """The same buttons for somebody who stands for no client."""
    person = Person.objects.get_visible(request.member, Right.PORTAL_INVITE, pk=pk)
    said, tone = _change(request, verb, person, None)
    return _back(request, at("interactions:person_portal", request.member, pk=person.pk), said, tone)


def _back(request: MemberRequest, url: str, said: str, tone: str) -> HttpResponse:
    (messages.success if tone == "ok" else messages.error)(request, said)
    return see(request, url)


class PortalForm(forms.ModelForm):
    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = PortalSettings
        fields = (
            "version", "new_requests", "files_in_messages", "colleagues", "details", "temporary_days", "welcome_fr",
            "welcome_en", "terms_fr", "terms_en",
        )  # fmt: skip
        widgets = {
            "details": forms.RadioSelect,
            "welcome_fr": forms.Textarea(attrs={"rows": 3}),
            "welcome_en": forms.Textarea(attrs={"rows": 3}),
            "terms_fr": forms.Textarea(attrs={"rows": 6}),
            "terms_en": forms.Textarea(attrs={"rows": 6}),
        }
        labels = {
            "new_requests": gettext_lazy("Les clients peuvent ouvrir une nouvelle demande"),
            "files_in_messages": gettext_lazy("Les clients peuvent joindre des fichiers à leurs messages"),
            "colleagues": gettext_lazy("Les personnes d'un même client voient tous ses échanges publiés"),
            "details": gettext_lazy("Quand un client modifie ses coordonnées"),
            "temporary_days": gettext_lazy("Durée d'un accès temporaire, en jours"),
            "welcome_fr": gettext_lazy("Mot d'accueil (Français)"),
            "welcome_en": gettext_lazy("Mot d'accueil (English)"),
            "terms_fr": gettext_lazy("Conditions d'utilisation (Français)"),
            "terms_en": gettext_lazy("Conditions d'utilisation (English)"),
        }
        help_texts = {
            "colleagues": gettext_lazy("Vaut pour les invitations à venir ; se change personne par personne."),
            "details": gettext_lazy(
                "Les adresses de courriel sont toujours proposées : les courriels reçus y sont rattachés."
            ),
            "terms_fr": gettext_lazy("Acceptées par chaque personne quand elle ouvre son accès."),
        }


@requires(Right.SETTINGS, module=Module.PORTAL)
@require_http_methods(["GET", "HEAD", "POST"])
def portal_settings(request: MemberRequest) -> HttpResponse:
    """Administration > Portail: its pieces on or off, its words of welcome, its terms."""
    choices = PortalSettings.of(request.member.organization_id)
    if request.method != "POST":
        return _settings_page(request, PortalForm(instance=choices))
    form = PortalForm(request.POST, instance=PortalSettings(organization_id=request.member.organization_id))
    if form.is_valid():
        try:
            changes = dict(form.cleaned_data)
            portal_access.update_portal_settings(by=request.member, version=changes.pop("version"), **changes)
        except Stale as refusal:
            again = PortalForm(with_version(request, refusal.current.version), instance=PortalSettings())
            again.is_valid()
            versions = both_versions(again, PortalForm(instance=refusal.current))
            return _settings_page(request, again, versions, refusal, status=409)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return see(request, at("interactions:portal_settings", request.member), toast=_("Réglages enregistrés."))
    return _settings_page(request, form, status=422)


def _settings_page(request, form, versions=(), refusal=None, *, status=200) -> HttpResponse:
    context = {"form": form, "versions": versions, "refusal": refusal}
    return render_administration(request, "interactions/portal_settings.html", context, status=status)


def _open():
    return PortalAccess.objects.open().select_related("person", "client", "user", "visit")


def _accesses(*, client: Client) -> dict[int, PortalAccess]:
    return {access.person_id: access for access in _open().filter(client=client)}


def _change(request: MemberRequest, verb: str, person: Person, client: Client | None) -> tuple[str, str]:
    """Does it; what to say of it and in which tone."""
    member = request.member
    access = _open().filter(organization_id=member.organization_id, person=person, client=client).first()
    words = {"name": person.full_name}
    if access is None and verb != "inviter":
        raise NotFound
    try:
        return _done(verb, access, person, client, member) % words, "ok"
    except NotFound:
        raise
    except Refusal as refusal:
        return str(refusal.message), "bad"


def _done(verb: str, access, person: Person, client: Client | None, member) -> str:
    match verb:
        case "inviter":
            _access, url = portal_access.invite_person(by=member, person=person, client=client)
            return _("L'invitation de %(name)s part par courriel.") if url else _("L'accès de %(name)s est ouvert.")
        case "suspendre":
            portal_access.suspend_access(access, by=member)
            return _("L'accès de %(name)s est suspendu.")
        case "retablir":
            portal_access.resume_access(access, by=member)
            return _("L'accès de %(name)s est rétabli.")
        case "permanent":
            portal_access.promote_access(access, by=member)
            return _("L'accès de %(name)s est permanent.")
        case "collegues":
            access = portal_access.set_colleagues(access, by=member, sees_colleagues=not access.sees_colleagues)
            everything = _("%(name)s voit tous les échanges publiés du client.")
            return everything if access.sees_colleagues else _("%(name)s ne voit que ses propres échanges.")
        case "retirer":
            portal_access.close_access(access, by=member)
            return _("L'accès de %(name)s est retiré.")
    raise NotFound
