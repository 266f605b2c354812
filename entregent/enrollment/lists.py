"""Lists of loan applications and of transmissions: pages, saved criteria, exports (R000-20)."""

from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Concat, Trim
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from entregent.access.rights import Right
from entregent.enrollment.actions import agents_of
from entregent.enrollment.models import (
    AddressSource,
    Applicant,
    EnrollmentState,
    LoanApplication,
    Transmission,
)
from entregent.enrollment.navigation import is_on
from entregent.listing.lists import Column, Kind, ListDefinition, Relation
from entregent.listing.words import as_counted
from entregent.organizations.models import Membership
from entregent.toolbox.text import as_id, search_key


def loan_lists(member: Membership) -> list[ListDefinition]:
    if not is_on(member):
        return []
    return [
        ListDefinition(
            code="loan_applications",
            label=_("Demande de prêt"),
            plural=_("Demandes de prêt"),
            right=Right.LOAN_VIEW,
            records=lambda member: LoanApplication.objects.visible_to(member),
            everything=lambda member: LoanApplication.objects.filter(organization_id=member.organization_id),
            columns=_columns,
            default_columns=(
                "number", "applicant", "status", "enrollment_state", "agent", "branch", "property", "created_at",
            ),
            default_sort="-created_at",
            search=_search,
            address=lambda row, slug: reverse("enrollment:services", args=[slug, row["number"]]),
            row_paths=("number",),
            position=60,
            icon="file-text",
            counted=lambda n: ngettext("%(n)s demande de prêt", "%(n)s demandes de prêt", as_counted(n)),
        ),
        ListDefinition(
            code="transmissions",
            label=_("Transmission"),
            plural=_("Transmissions"),
            right=Right.HEAD_OFFICE,
            records=lambda member: Transmission.objects.visible_to(member, Right.HEAD_OFFICE),
            everything=lambda member: Transmission.objects.filter(organization_id=member.organization_id),
            columns=_transmission_columns,
            relations=(
                Relation("applications", _("Demande de prêt"), "loan_applications", "pk", here="application_id"),
            ),
            default_columns=(
                "created_at", "number", "application", "name", "operation", "state", "agent", "entered_by", "reason",
            ),
            default_sort="-created_at",
            search=_search_transmissions,
            address=lambda row, slug: reverse("enrollment:transmission", args=[slug, row["number"]]),
            row_paths=("number",),
            position=62,
            icon="send",
            counted=lambda n: ngettext("%(n)s transmission", "%(n)s transmissions", as_counted(n)),
        ),
    ]  # fmt: skip


def _agents(member: Membership) -> list[tuple[str, str]]:
    return [(str(one.pk), one.name) for one in agents_of(member)]


def _columns(member: Membership) -> list[Column]:
    return [
        Column("number", _("N° de demande"), Kind.TEXT, "number", width=110),
        Column("applicant", _("Demandeur principal"), Kind.TEXT, "list_applicant", is_nullable=True, is_asked=False,
               annotation=lambda member: _primary(Trim(Concat(F("first_name"), Value(" "), F("last_name")))),
               width=180),
        Column("email", _("Courriel du demandeur"), Kind.TEXT, "list_email", is_nullable=True, is_asked=False,
               annotation=lambda member: _primary(F("email"))),
        Column("phone", _("Téléphone du demandeur"), Kind.TEXT, "list_phone", is_nullable=True, is_asked=False,
               annotation=lambda member: _primary(F("phone"))),
        Column("client_number", _("N° client"), Kind.TEXT, "list_client", is_nullable=True, is_asked=False,
               annotation=lambda member: _primary(F("client__number"))),
        Column("status", _("Statut de la demande"), Kind.CHOICE, "status",
               choices=lambda member: LoanApplication.Status.choices, width=120),
        Column("enrollment_state", _("Inscription GRC"), Kind.CHOICE, "enrollment_state",
               choices=lambda member: EnrollmentState.choices, width=120),
        Column("agent", _("Agent au dossier"), Kind.MEMBER, "agent__name", asked_path="agent_id", is_nullable=True,
               width=150),
        Column("branch", _("Succursale"), Kind.TEXT, "branch", width=130),
        Column("property", _("Propriété"), Kind.TEXT, "street", width=180),
        Column("city", _("Ville de la propriété"), Kind.TEXT, "city"),
        Column("region", _("Province de la propriété"), Kind.TEXT, "region"),
        Column("postal_code", _("Code postal de la propriété"), Kind.TEXT, "postal_code"),
        Column("created_at", _("Créée le"), Kind.MOMENT, "created_at", is_sortable=True, width=130),
        Column("updated_at", _("Modifiée le"), Kind.MOMENT, "updated_at", is_sortable=True, width=130),
    ]  # fmt: skip


def _primary(expression):
    people = Applicant.objects.filter(application=OuterRef("pk"), is_primary=True).order_by()
    return Subquery(people.annotate(told=expression).values("told")[:1])


def _transmission_columns(member: Membership) -> list[Column]:
    return [
        Column("number", _("N°"), Kind.NUMBER, "number", width=70),
        Column("created_at", _("Transmise le"), Kind.MOMENT, "created_at", is_sortable=True, width=130),
        Column("application", _("N° de demande"), Kind.TEXT, "application__number", width=110),
        Column("name", _("Demandeur"), Kind.TEXT, "list_name", is_asked=False,
               annotation=lambda member: Trim(Concat(F("applicant__first_name"), Value(" "),
                                                     F("applicant__last_name"))), width=180),
        Column("operation", _("Type"), Kind.CHOICE, "operation",
               choices=lambda member: Transmission.Operation.choices, width=110),
        Column("state", _("Statut"), Kind.CHOICE, "state", choices=lambda member: Transmission.State.choices,
               width=140),
        Column("reason", _("Motif"), Kind.TEXT, "reason", width=220),
        Column("agent", _("Agent en correspondance"), Kind.MEMBER, "corresponding_agent__name",
               asked_path="corresponding_agent_id", width=150),
        Column("entered_by", _("Saisie par"), Kind.MEMBER, "entered_by__name", asked_path="entered_by_id", width=150),
        Column("address_source", _("Adresse postale"), Kind.CHOICE, "address_source",
               choices=lambda member: AddressSource.choices),
        Column("client_number", _("N° client"), Kind.TEXT, "client__number", is_nullable=True),
        Column("branch", _("Succursale"), Kind.TEXT, "application__branch"),
        Column("decided_at", _("Chargée ou rejetée le"), Kind.MOMENT, "decided_at", is_nullable=True, width=130),
        Column("decided_by", _("Par"), Kind.MEMBER, "decided_by__name", asked_path="decided_by_id", is_nullable=True),
    ]  # fmt: skip


def _search(member: Membership, records, text: str):
    """By number, or by names of applicants from their beginning: « tremblay julie »."""
    key = search_key(text)
    if not key:
        return records
    people = Applicant.objects.filter(organization_id=member.organization_id)
    turned = " ".join(reversed(key.split()))
    named = people.filter(Q(sort_key__startswith=key) | Q(sort_key__startswith=turned)).order_by()
    return records.filter(pk__in=_numbered(member, text).union(named.values("application_id")))


def _numbered(member: Membership, text: str):
    """The application with this number, as it is typed, in capitals or in small letters: each by the unique index."""
    number = text.replace("\x00", "").strip()[:40]
    asked = {number, number.upper(), number.lower()}
    found = LoanApplication.objects.filter(organization_id=member.organization_id, number__in=asked)
    return found.order_by().values("pk")


def _search_transmissions(member: Membership, records, text: str):
    key = search_key(text)
    if not key:
        return records
    people = Applicant.objects.filter(organization_id=member.organization_id)
    turned = " ".join(reversed(key.split()))
    named = people.filter(Q(sort_key__startswith=key) | Q(sort_key__startswith=turned)).values("pk")
    asked = Q(application__in=_numbered(member, text)) | Q(applicant__in=named)
    number = as_id(text.strip())
    return records.filter(asked | Q(number=number) if number is not None else asked)
