"""Edit in place: one value of a client or of a person, where it stands in the grid.

A save looks at the version that the person saw. When a colleague changed something else meanwhile, the value is saved
all the same; when they changed this very value, both are shown and the person chooses.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients import actions
from entregent.clients.actions.clients import STATUS_MOVES
from entregent.clients.models import Client, Person
from entregent.clients.web.forms import sectors_in_reach
from entregent.interactions.web.answers import announce
from entregent.listing import custom_fields
from entregent.listing.models import CustomField
from entregent.listing.web.custom_forms import custom_initial, input_of
from entregent.organizations.models import Membership, Sector, User
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale, required
from entregent.toolbox.phones import national
from entregent.toolbox.text import as_id
from entregent.ui.pages import is_htmx, render, see
from entregent.workspace.web.client_management_pane import MODULE

VALUE_CHANGED = "g:value-changed"
# Columns of custom fields are named so.
CUSTOM = "custom."
# What a list of the bulk bar says as long as nobody has chosen.
NOTHING_CHOSEN = "?"


@dataclass(frozen=True)
class Value:
    """One value that can be typed: how it is read of a record, and what change its text asks for."""

    label: Any
    read: Callable[[Any, Membership], str]
    change: Callable[[Any, str, Membership], dict]
    choices: Callable[[Any, Membership], list[tuple[str, str]]] | None = None
    input_type: str = "text"
    longest: int = 200
    # A second text that belongs to it: the first name of a person.
    beside: str = ""
    columns: tuple[str, ...] = field(default=())


def _text(name: str) -> dict:
    return {"read": lambda one, member: getattr(one, name), "change": lambda one, text, member: {name: text}}


def _phones(one, text: str, member) -> dict:
    kept = [(phone.get("label", ""), phone["number"]) for phone in one.phones]
    label = kept[0][0] if kept else ""
    return {"phones": [*([(label, text)] if text else []), *kept[1:]]}


def _emails(one, text: str, member) -> dict:
    return {"emails": [*([text] if text else []), *one.emails[1:]]}


_PHONE = Value(
    gettext_lazy("Téléphone"),
    lambda one, member: national(one.main_phone, region=member.organization.country) if one.main_phone else "",
    _phones,
    input_type="tel",
    longest=40,
)
_EMAIL = Value(gettext_lazy("Courriel"), lambda one, member: one.main_email, _emails, input_type="email", longest=254)


def _statuses(client: Client, member) -> list[tuple[str, str]]:
    possible = STATUS_MOVES[Client.Status(client.status)] | {client.status}
    return [(value, str(label)) for value, label in Client.Status.choices if value in possible]


def _members(client: Client, member) -> list[tuple[str, str]]:
    people = (
        Membership.objects.active()
        .filter(organization_id=member.organization_id)
        .order_by("user__name", "id")
        .values_list("user_id", "user__name")
    )
    return [("", _("Aucun")), *((str(pk), name) for pk, name in people)]


def _sectors(client: Client, member) -> list[tuple[str, str]]:
    return [("", _("Aucun")), *((str(pk), name) for pk, name in sectors_in_reach(member).values_list("pk", "name"))]


def _responsible(client: Client, text: str, member) -> dict:
    user = None
    if text:
        user = User.objects.filter(pk=as_id(text) or 0).first()
        if user is None:
            raise Refusal("E-000-AGENT", _("Cet agent n’est pas disponible."), field="value")
    return {"responsible": user}


def _sector(client: Client, text: str, member) -> dict:
    sector = None
    if text:
        sector = Sector.objects.filter(organization_id=member.organization_id, pk=as_id(text) or 0).first()
        if sector is None:
            raise Refusal("E-SECTOR", _("Ce secteur est hors de votre périmètre."), field="value")
    return {"sector": sector}


OF_CLIENTS: dict[str, Value] = {
    "name": Value(gettext_lazy("Nom ou raison sociale"), **_text("name"), beside="first_name"),
    "category": Value(gettext_lazy("Catégorie"), **_text("category"), longest=60),
    "status": Value(gettext_lazy("Statut"), **_text("status"), choices=_statuses),
    "responsible": Value(
        gettext_lazy("Agent responsable"),
        lambda client, member: str(client.responsible_id or ""), _responsible, choices=_members,
    ),
    "sector": Value(
        gettext_lazy("Secteur"), lambda client, member: str(client.sector_id or ""), _sector, choices=_sectors
    ),
    "phone": _PHONE,
    "email": _EMAIL,
    "tags": Value(
        gettext_lazy("Étiquettes"), lambda client, member: ", ".join(client.tags),
        lambda client, text, member: {"tags": text}, longest=900,
    ),
}  # fmt: skip
OF_PEOPLE: dict[str, Value] = {
    "name": Value(
        pgettext_lazy("person", "Nom"), lambda one, member: one.last_name,
        lambda one, text, member: {"last_name": text}, longest=100, beside="first_name",
    ),
    "title": Value(gettext_lazy("Fonction"), **_text("title"), longest=120),
    "company": Value(gettext_lazy("Société"), **_text("company")),
    "phone": _PHONE,
    "email": _EMAIL,
}  # fmt: skip


def values_of(subject: str, member: Membership) -> dict[str, Value]:
    """What may be typed in the grid of clients, or of people: its own columns, and the custom fields on offer."""
    own = OF_CLIENTS if subject == "client" else OF_PEOPLE
    return own | {f"{CUSTOM}{field.code}": _custom(field) for field in custom_fields.offered(member, subject)}


def _custom(field: CustomField) -> Value:
    code, kind = field.code, CustomField.Type(field.type)
    choices: Callable[[Any, Membership], list[tuple[str, str]]] | None = None
    if kind == CustomField.Type.BOOLEAN:
        choices = lambda one, member: [("", _("Non")), ("true", _("Oui"))]  # noqa: E731
    elif kind in (CustomField.Type.CHOICE, CustomField.Type.MEMBER):
        choices = lambda one, member: cast(Any, input_of(field, member, one.custom.get(code, ""))).choices  # noqa: E731

    def read(one, member) -> str:
        value = one.custom.get(code, "")
        return "true" if value is True else "" if value is False else custom_initial({code: value})[f"custom_{code}"]

    return Value(
        field.label, read, lambda one, text, member: {"custom": {code: text}}, choices=choices,
        input_type="date" if kind == CustomField.Type.DATE else "text",
    )  # fmt: skip


@requires(Right.CLIENT_EDIT, module=MODULE)
def client_value(request, number, field) -> HttpResponse:
    client = Client.objects.visible_to(request.member, Right.CLIENT_EDIT).select_related("sector", "responsible")
    known = values_of("client", request.member)
    return _value(request, client.found(number=number), known, field, "workspace:client_value", number)


@requires(Right.CLIENT_EDIT, module=MODULE)
def person_value(request, pk, field) -> HttpResponse:
    person = Person.objects.get_visible(request.member, Right.CLIENT_EDIT, pk=pk)
    return _value(request, person, values_of("person", request.member), field, "workspace:person_value", pk)


def _value(request, record, known: dict[str, Value], name: str, address: str, key) -> HttpResponse:
    """GET: the field, or with `?lire=1` the value. POST: saves; 409 with both versions, 422 with what was typed."""
    if name not in known:
        raise NotFound
    value, member = known[name], request.member
    url = reverse(address, args=[member.organization.slug, key, name])
    context: dict[str, Any] = {
        "record": record,
        "value": value,
        "field": name,
        "value_url": url,
        "record_url": _home(record, member),
        "typed": value.read(record, member),
        "first_text": value.read(record, member),
        "typed_beside": getattr(record, value.beside) if _has_beside(record, value) else None,
        "choices": value.choices(record, member) if value.choices else None,
        "message": "",
        "theirs": None,
        "back_url": reverse("workspace:client_management", args=[member.organization.slug]),
    }
    if request.method != "POST":
        context["cell"] = _cell(record, name, member)
        block = "shown" if request.GET.get("lire") else "editor"
        return render(request, "workspace/client_management_value.html", context, fragment=block)
    return _save(request, record, value, name, context)


def _save(request, record, value: Value, name: str, context: dict) -> HttpResponse:
    member, posted = request.member, request.POST if "value" in request.POST else request.GET
    if "value" not in posted:
        raise required("value", value.label)
    text = posted["value"].strip()
    beside = posted.get("beside") if context["typed_beside"] is not None else None
    before, before_beside = context["typed"], context["typed_beside"]
    try:
        changes = value.change(record, text, member)
        if beside is not None:
            changes[value.beside] = beside
        update = actions.update_client if isinstance(record, Client) else actions.update_person
        version = as_id(posted.get("version", "")) or 0
        if version != record.version and posted.get("before") == before:
            # A colleague saved something else of this record: nothing of theirs is lost.
            version = record.version
        saved = update(record, by=member, version=version, **changes)
    except Stale as stale:
        context |= {"typed": text, "typed_beside": beside, "message": str(stale.message), "record": stale.current}
        context["theirs"] = _in_words(value, stale.current, member)
        context["their_text"] = value.read(stale.current, member)
        return render(request, "workspace/client_management_value.html", context, fragment="editor", status=409)
    except (Refusal, Refusals) as refusal:
        if isinstance(refusal, NotFound):
            raise
        every = refusal.refusals if isinstance(refusal, Refusals) else [refusal]
        context |= {
            "typed": text, "typed_beside": beside, "message": " ".join(str(one.message) for one in every),
        }  # fmt: skip
        status = 422 if isinstance(refusal, Refusals) else refusal.status
        return render(request, "workspace/client_management_value.html", context, fragment="editor", status=status)
    toast = _("%(field)s : enregistré.") % {"field": value.label}
    if not is_htmx(request):
        return see(request, context["back_url"], toast=toast)
    context |= {"record": saved, "cell": _cell(saved, name, member)}
    response = render(request, "workspace/client_management_value.html", context, fragment="shown")
    if saved.version == record.version:
        return response
    undo = {"value": before, "version": saved.version, "before": value.read(saved, member)}
    if before_beside is not None:
        undo["beside"] = before_beside
    return announce(response, VALUE_CHANGED, toast=toast, undo_url=f"{context['value_url']}?{urlencode(undo)}")


def _has_beside(record, value: Value) -> bool:
    return bool(value.beside) and not getattr(record, "is_company", False)


def _home(record, member) -> str:
    slug = member.organization.slug
    if isinstance(record, Client):
        return reverse("workspace:client", args=[slug, record.number])
    return reverse("clients:person", args=[slug, record.pk])


def _cell(record, name: str, member) -> dict:
    """The value as the grid shows it."""
    if name == "name":
        if isinstance(record, Client):
            kind = record.category or record.get_kind_display()
            return {"code": name, "value": str(record), "text": str(record), "kind": kind}
        return {"code": name, "value": record.file_as, "text": record.file_as, "kind": ""}
    if name in ("responsible", "sector"):
        text = str(getattr(record, name).name) if getattr(record, name) else ""
        return {"code": name, "value": text, "text": text}
    if name.startswith(CUSTOM):
        subject = "client" if isinstance(record, Client) else "person"
        field = next(one for one in custom_fields.offered(member, subject) if one.code == name.removeprefix(CUSTOM))
        value = record.custom.get(field.code)
        names = custom_fields.names_of([field], [record.custom])
        return {"code": name, "value": value, "text": custom_fields.shown(field, value, names)}
    if name == "phone":
        return {"code": name, "value": record.main_phone, "text": OF_PEOPLE["phone"].read(record, member)}
    if name == "email":
        return {"code": name, "value": record.main_email, "text": record.main_email}
    value = getattr(record, name)
    text = str(record.get_status_display()) if name == "status" else value
    return {"code": name, "value": value, "text": text}


def _in_words(value: Value, record, member) -> str:
    text = value.read(record, member)
    if value.choices is not None:
        return dict(value.choices(record, member)).get(text, text)
    return text
