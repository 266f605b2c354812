"""Loan applications and their applicants: entered by hand, by the API, by import."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from entregent.audit.actions import record
from entregent.clients import validation
from entregent.clients.models import Client
from entregent.enrollment.models import PLACE, Applicant, EnrollmentState, LoanApplication
from entregent.organizations.actions import next_numbers
from entregent.organizations.idempotency import once
from entregent.organizations.journal import stale
from entregent.organizations.models import Membership, User
from entregent.toolbox.errors import NotFound, Refusal, Refusals, required, too_long
from entregent.toolbox.text import one_line, search_key

MOST_APPLICANTS = 12
_TEXTS = {"first_name": 100, "last_name": 100}
_email_valid = EmailValidator()


def create_application(
    *,
    by: Membership,
    applicants: Sequence[Mapping[str, Any]],
    number: str = "",
    status: str = LoanApplication.Status.IN_PROGRESS,
    agent: User | None = None,
    branch: str = "",
    place: Mapping[str, str] | None = None,
    source_system: str = "",
    idempotency_key: str | None = None,
) -> LoanApplication:
    """Creates a loan application with its applicants; without a number it is given the next one. `place` is the
    address of the subject property. Without a primary applicant the first is. Refuses, field by field, what cannot be,
    and a number that is taken (E-000-NUMBER)."""
    values, people = _cleaned(
        by, number=number, status=status, branch=branch, place=place or {}, source_system=source_system,
        applicants=applicants,
    )  # fmt: skip
    check_agent(agent, by=by)
    print_of_it = {"values": values, "applicants": people, "agent": agent.pk if agent else None}

    def make() -> int:
        record("create_loan_application", by=by, number=values["number"])
        if not values["number"]:
            values["number"] = _free_number(by)
        elif LoanApplication.objects.filter(organization_id=by.organization_id, number=values["number"]).exists():
            raise _number_taken()
        try:
            with transaction.atomic():
                application = LoanApplication.objects.create(
                    organization_id=by.organization_id, agent=agent, created_by=by.user, updated_by=by.user, **values
                )
        except IntegrityError as error:
            raise _number_taken() from error
        for position, one in enumerate(people, 1):
            one.pop("id")
            _save_applicant(Applicant(application=application, position=position), one, by=by)
        return application.pk

    with transaction.atomic():
        pk, _was_repeated = once(by.organization_id, "create_loan_application", idempotency_key, print_of_it, make)
        return LoanApplication.objects.get(pk=pk)


@transaction.atomic
def update_application(
    application: LoanApplication,
    *,
    by: Membership,
    version: int | None,
    applicants: Sequence[Mapping[str, Any]] | None = None,
    agent: User | str | None = "",
    **changes: Any,
) -> LoanApplication:
    """Changes an application; `applicants`, where given, are all of them: those with an `id` are changed (one of
    another application is refused), others made, those that are left out go, unless something of theirs was
    transmitted. A complete application takes nothing but another status (E-000-READ-ONLY)."""
    record("update_loan_application", by=by, subject=application, number=application.number)
    application = locked(application, by=by)
    if version is not None and version != application.version:
        raise stale(application, organization=by.organization)
    known = {
        "number": application.number, "status": application.status, "branch": application.branch,
        "place": application.place, "source_system": application.source_system,
    }  # fmt: skip
    values, people = _cleaned(by, **(known | changes), applicants=applicants)
    values["number"] = values["number"] or application.number
    if not isinstance(agent, str):
        if agent is not None and agent.pk != application.agent_id:
            check_agent(agent, by=by)
        values["agent"] = agent
    changed = [name for name, value in values.items() if getattr(application, name) != value]
    others = people is not None and _differ(application, people)
    if application.is_complete and (others or set(changed) - {"status"}):
        raise Refusal("E-000-READ-ONLY", _("Cette demande est complète : elle ne se modifie plus."), status=409)
    if not changed and not others:
        return application
    if (
        "number" in changed
        and LoanApplication.objects.filter(organization_id=by.organization_id, number=values["number"]).exists()
    ):
        raise _number_taken()
    for name in changed:
        setattr(application, name, values[name])
    application.version += 1
    application.updated_at, application.updated_by = timezone.now(), by.user
    application.save()
    if others and people is not None:
        _set_applicants(application, people, by=by)
    return application


def locked(application: LoanApplication, *, by: Membership) -> LoanApplication:
    """The application as it stands, until the end of the transaction: what is done with it waits for its turn."""
    found = (
        LoanApplication.objects.select_for_update(of=("self",), no_key=True)
        .select_related("agent", "organization")
        .filter(pk=application.pk, organization_id=by.organization_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def agents_of(member: Membership) -> list[User]:
    """Whom « Agent en correspondance » offers: active members with the function of an agent, by name (R000-09)."""
    found = (
        Membership.objects.active().filter(organization_id=member.organization_id)
        .with_function(Membership.Function.AGENT).select_related("user")
    )  # fmt: skip
    return sorted((one.user for one in found), key=lambda user: user.name.casefold())


def check_agent(agent: User | None, *, by: Membership, field: str = "agent") -> None:
    """Refuses who is no active agent of the organization (E-000-AGENT)."""
    if agent is None:
        return
    known = Membership.objects.active().filter(organization_id=by.organization_id, user_id=agent.pk)
    if not known.with_function(Membership.Function.AGENT).exists():
        raise Refusal("E-000-AGENT", _("Cet agent n'est pas disponible."), field=field)


def sum_up(application: LoanApplication) -> None:
    """Writes how the application stands with the CRM, by what its applicants are now."""
    states = set(Applicant.objects.filter(application=application).values_list("enrollment_state", flat=True))
    order = [EnrollmentState.PENDING, EnrollmentState.ENROLLED, EnrollmentState.REMOVED]
    state = next((one for one in order if one in states), EnrollmentState.NONE)
    LoanApplication.objects.filter(pk=application.pk).exclude(enrollment_state=state).update(enrollment_state=state)
    application.enrollment_state = state


def clean_place(place: Mapping[str, Any], *, country: str, prefix: str = "") -> tuple[dict[str, str], list[Refusal]]:
    """An address as it is kept; the empty one is one too. Refusals stand at `prefix` + the part."""
    given = {part: place.get(part) or "" for part in PLACE}
    if not any(given[part] for part in PLACE if part != "country"):
        return dict.fromkeys(PLACE, ""), []
    values, refusals = validation.clean_address(given, country=country, whole=False)
    values = {part: values.get(part, "") for part in PLACE}
    for one in refusals:
        one.field = f"{prefix}{one.field}"
    return values, refusals


def _cleaned(by: Membership, *, applicants, number, status, branch, place, source_system):
    country = by.organization.country
    refusals: list[Refusal] = []
    values: dict[str, Any] = {
        "branch": one_line(str(branch or "")),
        "source_system": one_line(str(source_system or "")),
    }
    for name, label, most in (("branch", _("Succursale"), 80), ("source_system", _("Système d’origine"), 40)):
        if len(values[name]) > most:
            refusals.append(too_long(name, label, most))
    try:
        values["number"] = _clean_number(number)
    except Refusal as refusal:
        refusals.append(refusal)
    if status not in LoanApplication.Status.values:
        refusals.append(Refusal("E-CHOICE", _("%(field)s : choix inconnu.") % {"field": _("Statut")}, field="status"))
    values["status"] = str(status)
    parts, refused = clean_place(place, country=country)
    refusals += refused
    values |= parts
    people = None
    if applicants is not None:
        people, refused = _clean_applicants(applicants, country=country)
        refusals += refused
    if refusals:
        raise Refusals(refusals) if len(refusals) > 1 else refusals[0]
    return values, people


def _clean_applicants(applicants, *, country: str) -> tuple[list[dict[str, Any]], list[Refusal]]:
    if not applicants:
        return [], [required("last_name", pgettext("person", "Nom"))]
    if len(applicants) > MOST_APPLICANTS:
        sentence = _("%(n)s demandeurs au maximum.") % {"n": MOST_APPLICANTS}
        return [], [Refusal("E-000-APPLICANTS", sentence, field="applicants")]
    people, refusals = [], []
    for index, data in enumerate(applicants):
        one, refused = _clean_applicant(data, country=country)
        for refusal in refused:
            # Two applicants have the same fields: whose it is stands before the name.
            refusal.field = f"applicants.{index}.{refusal.field}"
        people.append(one)
        refusals += refused
    if sum(one["is_primary"] for one in people) > 1:
        sentence = _("Un seul demandeur est le principal.")
        refusals.append(Refusal("E-000-PRIMARY", sentence, field="applicants"))
    if not any(one["is_primary"] for one in people):
        first = next((one for one in people if one["role"] == Applicant.Role.APPLICANT), people[0])
        first["is_primary"] = True
    return people, refusals


def _clean_applicant(data: Mapping[str, Any], *, country: str) -> tuple[dict[str, Any], list[Refusal]]:
    refusals: list[Refusal] = []
    one: dict[str, Any] = {"id": data.get("id"), "is_primary": bool(data.get("is_primary"))}
    for name, most in _TEXTS.items():
        label = _("Prénom") if name == "first_name" else pgettext("person", "Nom")
        one[name] = one_line(str(data.get(name) or ""))
        if len(one[name]) > most:
            refusals.append(too_long(name, label, most))
    if not one["last_name"]:
        refusals.append(required("last_name", pgettext("person", "Nom")))
    one["role"] = str(data.get("role") or Applicant.Role.APPLICANT)
    if one["role"] not in Applicant.Role.values:
        refusals.append(Refusal("E-CHOICE", _("%(field)s : choix inconnu.") % {"field": _("Rôle")}, field="role"))
    # The day is looked at as that of a client would be.
    values, refused = validation.clean_client(
        {"kind": Client.Kind.PERSON, "name": one["last_name"] or "-", "birth_date": data.get("birth_date")},
        country=country, whole=False,
    )  # fmt: skip
    refusals += refused
    one["birth_date"] = values.get("birth_date")
    one["email"] = one_line(str(data.get("email") or ""))
    if one["email"]:
        try:
            _email_valid(one["email"])
            if len(one["email"]) > 254:
                raise ValidationError("too long")
        except ValidationError:
            refusals.append(Refusal("E-004-EMAILS", _("Adresse de courriel invalide."), field="email"))
    try:
        phones = validation.clean_phones([str(data.get("phone") or "")], country=country)
        one["phone"] = phones[0]["number"] if phones else ""
    except Refusal as refusal:
        refusal.field = "phone"
        refusals.append(refusal)
    parts, refused = clean_place(data, country=country)
    return one | parts, refusals + refused


def _clean_number(number) -> str:
    try:
        return validation.clean_number(number)
    except Refusal as refusal:
        sentence = _("Le numéro de la demande est unique, lettres et chiffres sans accent.")
        raise Refusal("E-000-NUMBER", sentence, field="number") from refusal


def _number_taken() -> Refusal:
    return Refusal("E-000-NUMBER", _("Une autre demande de prêt porte déjà ce numéro."), field="number", status=409)


def _free_number(by: Membership) -> str:
    while True:
        number = str(1000 + next_numbers(by.organization_id, "loan_application"))
        if not LoanApplication.objects.filter(organization_id=by.organization_id, number=number).exists():
            return number


_OWN = ("role", "is_primary", "first_name", "last_name", "birth_date", "email", "phone", *PLACE)


def _differ(application: LoanApplication, people: list[dict[str, Any]]) -> bool:
    standing = [{"id": one.pk} | {name: getattr(one, name) for name in _OWN} for one in application.applicants.all()]
    return standing != [{name: one[name] for name in ("id", *_OWN)} for one in people]


def _set_applicants(application: LoanApplication, people: list[dict[str, Any]], *, by: Membership) -> None:
    standing = {one.pk: one for one in application.applicants.all()}
    for index, one in enumerate(people):
        if one["id"] is not None and one["id"] not in standing:
            sentence = _("%(field)s : choix inconnu.") % {"field": _("Demandeur")}
            raise Refusal("E-CHOICE", sentence, field=f"applicants.{index}.id")
    kept = {one["id"] for one in people if one["id"] in standing}
    for key in set(standing) - kept:
        if standing[key].transmissions.exists():
            sentence = _("%(name)s a déjà été transmis au siège social : ce demandeur reste sur la demande.")
            raise Refusal("E-000-SENT", sentence % {"name": standing[key].full_name}, field="applicants", status=409)
        standing[key].delete()
    # One is primary at any moment: first none is.
    application.applicants.update(is_primary=False)
    for position, one in enumerate(people, 1):
        applicant = standing.get(one.pop("id"), Applicant(application=application))
        applicant.position = position
        _save_applicant(applicant, one, by=by)


def _save_applicant(applicant: Applicant, values: dict[str, Any], *, by: Membership) -> None:
    applicant.organization_id = by.organization_id
    for name, value in values.items():
        setattr(applicant, name, value)
    applicant.sort_key = search_key(f"{applicant.last_name} {applicant.first_name}")[:210]
    # Whose client it is and how it stands is head office's: what was read before is not written back.
    applicant.save(update_fields=["position", "sort_key", *values] if applicant.pk else None)
