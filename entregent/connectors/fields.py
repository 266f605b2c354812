"""What of a client can be sent, and under which names each kind of system expects it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from entregent.clients.models import Address, Client
from entregent.connectors.models import Connector
from entregent.enrollment.models import Applicant, EnrollmentState

Kind, Audience = Connector.Kind, Connector.Audience


@dataclass(frozen=True)
class Field:
    """One of our fields, and the field of each kind of system that it becomes unless somebody says otherwise."""

    code: str
    label: Any
    odoo: str = ""
    espocrm: str = ""
    is_flat: bool = True  # a text: fits a column of a file


FIELDS = {
    one.code: one
    for one in (
        Field("kind", _("Genre (person, company)"), odoo="is_company", espocrm="entityType"),
        Field("name", _("Nom ou raison sociale"), espocrm="lastName"),
        Field("first_name", _("Prénom"), espocrm="firstName"),
        Field("display_name", _("Nom complet"), odoo="name"),
        Field("status", _("Statut")),
        Field("language", _("Langue")),
        Field("birth_date", _("Date de naissance")),
        Field("email", _("Premier courriel"), odoo="email", espocrm="emailAddress"),
        Field("emails", _("Tous les courriels"), is_flat=False),
        Field("phone", _("Premier téléphone"), odoo="phone", espocrm="phoneNumber"),
        Field("phones", _("Tous les téléphones"), is_flat=False),
        Field("street", _("Numéro et rue"), odoo="street", espocrm="addressStreet"),
        Field("unit", pgettext_lazy("address", "Complément"), odoo="street2"),
        Field("postal_code", _("Code postal"), odoo="zip", espocrm="addressPostalCode"),
        Field("city", _("Ville"), odoo="city", espocrm="addressCity"),
        Field("region", _("Province ou région"), espocrm="addressState"),
        Field("country", _("Pays"), odoo="country_id", espocrm="addressCountry"),
        Field("addresses", _("Adresses principale et postale"), is_flat=False),
        Field("category", _("Catégorie")),
        Field("responsible", _("Agent responsable (courriel)")),
        Field("identifiers", _("Identifiants"), is_flat=False),
        Field("tags", _("Étiquettes"), is_flat=False),
        Field("loan_applications", _("Demandes de prêt"), is_flat=False),
    )
}
# What another Entregent takes, under these very names.
_OF_ENTREGENT = (
    "kind", "name", "first_name", "status", "language", "birth_date", "emails", "phones", "addresses", "category",
    "identifiers", "tags",
)  # fmt: skip
_PARTS = ("street", "unit", "postal_code", "city", "region", "country")


def offered(kind: str) -> list[Field]:
    """The fields that may be sent to a system of this kind."""
    if kind == Kind.ENTREGENT:
        return [FIELDS[code] for code in _OF_ENTREGENT]
    if kind in (Kind.ODOO, Kind.ESPOCRM):
        return [one for one in FIELDS.values() if one.is_flat]
    return list(FIELDS.values())


def usual_mapping(kind: str) -> dict[str, str]:
    """What a new connector of this kind sends."""
    if kind in (Kind.ODOO, Kind.ESPOCRM):
        return {one.code: target for one in FIELDS.values() if (target := getattr(one, kind))}
    if kind in (Kind.FILE, Kind.SFTP):
        return {one.code: one.code for one in FIELDS.values() if one.is_flat}
    return {one.code: one.code for one in offered(kind)}


def audience_of(connector: Connector) -> Q:
    """Condition on clients: whose copies the other system holds."""
    everyone = Q(deleted_at__isnull=True, merged_into__isnull=True, organization_id=connector.organization_id)
    statuses = [Client.Status.CLIENT, Client.Status.INACTIVE]
    if connector.audience == Audience.EVERYONE:
        statuses.append(Client.Status.PROSPECT)
    wanted = everyone & Q(status__in=statuses)
    if connector.audience == Audience.ENROLLED:
        enrolled = Applicant.objects.filter(
            organization_id=connector.organization_id, client__isnull=False, enrollment_state=EnrollmentState.ENROLLED
        )
        wanted &= Q(pk__in=enrolled.values("client_id"))
    return wanted


def told_of(connector: Connector, keys: Collection[int]) -> dict[int, tuple[str, dict]]:
    """Client id → (number, record) of those of `keys` whom the other system shall hold, in a few queries."""
    found = {
        row["id"]: row
        for row in Client.objects.filter(audience_of(connector), pk__in=keys).values(
            "id", "number", "kind", "name", "first_name", "display_name", "status", "language", "birth_date", "emails",
            "phones", "category", "identifiers", "tags", "responsible__email",
        )
    }  # fmt: skip
    mapping = connector.mapping
    places: dict[int, dict[str, dict]] = {}
    if found and mapping.keys() & {*_PARTS, "addresses"}:
        rows = Address.objects.filter(client__in=found, kind__in=[Address.Kind.MAIN, Address.Kind.MAILING])
        for row in rows.values("client_id", "kind", *_PARTS):
            places.setdefault(row.pop("client_id"), {})[row["kind"]] = row
    loans: dict[int, list[str]] = {}
    if found and "loan_applications" in mapping:
        applicants = Applicant.objects.filter(client__in=found).order_by("application__number")
        for client_id, number in applicants.values_list("client_id", "application__number"):
            loans.setdefault(client_id or 0, []).append(number)
    return {
        key: (row["number"], _mapped(mapping, _whole(row, places.get(key, {}), loans.get(key, []))))
        for key, row in found.items()
    }


def _whole(row: Mapping[str, Any], places: Mapping[str, dict], loans: list[str]) -> dict[str, Any]:
    place = places.get(Address.Kind.MAIN) or places.get(Address.Kind.MAILING) or {}
    names = ("kind", "name", "first_name", "display_name", "status", "language", "category", "identifiers", "tags")
    return {
        **{name: row[name] for name in names},
        "birth_date": row["birth_date"].isoformat() if row["birth_date"] else None,
        "emails": list(row["emails"]),
        "email": row["emails"][0] if row["emails"] else "",
        "phones": [{"label": one.get("label", ""), "number": one["number"]} for one in row["phones"]],
        "phone": row["phones"][0]["number"] if row["phones"] else "",
        **{part: place.get(part, "") for part in _PARTS},
        "addresses": [places[kind] for kind in (Address.Kind.MAIN, Address.Kind.MAILING) if kind in places],
        "responsible": row["responsible__email"] or "",
        "loan_applications": loans,
    }


def _mapped(mapping: Mapping[str, str], whole: Mapping[str, Any]) -> dict[str, Any]:
    return {target: whole[code] for code, target in mapping.items() if target and code in whole}
