"""Everything that changes an organization: its settings, members, accesses, sectors, tokens and numbers.

`by` is the member who acts; None for a command of the instance (first user, demo story), which has been let in by
whoever runs it. Each action journals itself by name.
"""

import secrets
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import timedelta
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email, validate_slug
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.access import token_scopes
from entregent.access.rights import Right, Role, height
from entregent.access.scope import ORGANIZATION_SCOPE, scope_types
from entregent.access.statements import rows_of
from entregent.access.wall import current_organization_id, in_organization
from entregent.audit.actions import record
from entregent.organizations import invitations, sender_address
from entregent.organizations.calendars import usual_holidays
from entregent.organizations.extension_points import address_claims, organization_defaults, sector_blockers
from entregent.organizations.journal import stale
from entregent.organizations.models import (
    ApiToken,
    Grant,
    Membership,
    Module,
    Organization,
    Sector,
    Substitution,
    Trade,
    User,
)
from entregent.organizations.team_actions import seed_teams
from entregent.organizations.terms import TERMS
from entregent.outbox.actions import send_mail
from entregent.toolbox.dates import today_in
from entregent.toolbox.errors import NotFound, Refusal, Refusals, RightMissing, required, too_long
from entregent.toolbox.text import one_line

# What stands at the root of the site cannot be an organization's address (config/urls.py).
RESERVED_SLUGS = frozenset(
    {
        "connexion", "deconnexion", "compte", "langue", "ui", "api", "static", "media", "healthz", "readyz", "metrics",
        "portail", "demo", "admin", "agenda", "entreprises",
    }
)  # fmt: skip
TOKEN_PREFIX = "entregent_"  # noqa: S105


def _inside(organization_id: int, by: Membership | None = None):
    """Within the organization's wall: commands come from outside of it, requests are inside already."""
    if current_organization_id() == organization_id:
        return nullcontext()
    return in_organization(organization_id, user_id=by.user_id if by is not None else None)


# Organization


@transaction.atomic
def create_organization(
    *,
    slug: str,
    name: str,
    trade: str,
    modules=(),
    time_zone: str = "Europe/Paris",
    language: str = "fr",
    country: str = "FR",
    currency: str = "EUR",
    provider_kind: str = "",
) -> Organization:
    """A new organization with the defaults of its trade. Its first member comes by `create_first_user`."""
    slug = slug.strip().lower()
    refusals = _slug_refusals(slug)
    values = {
        "name": one_line(name), "trade": str(trade), "modules": [str(module) for module in modules],
        "time_zone": time_zone, "language": language, "country": country, "currency": currency,
    }  # fmt: skip
    refusals += _organization_refusals(values)
    if refusals:
        raise Refusals(refusals)
    organization = Organization.objects.create(
        slug=slug, provider_kind=provider_kind, holidays=usual_holidays(country, time_zone), **values
    )
    with in_organization(organization.pk):
        record("create_organization", organization_id=organization.pk, subject=organization, slug=slug, **values)
        seed_teams(organization)
        for seed in organization_defaults:
            seed(organization)
    return organization


def _slug_refusals(slug: str) -> list[Refusal]:
    if not slug:
        return [required("slug", _("L'adresse"))]
    try:
        validate_slug(slug)
    except ValidationError:
        return [Refusal("E-SLUG", _("Lettres sans accent, chiffres et tirets seulement."), field="slug")]
    if len(slug) > 50:
        return [too_long("slug", _("L'adresse"), 50)]
    if slug in RESERVED_SLUGS or Organization.objects.filter(slug=slug).exists():
        return [Refusal("E-SLUG", _("Cette adresse n'est pas disponible."), field="slug")]
    return []


def _organization_refusals(values: dict) -> list[Refusal]:
    refusals = []
    for field, label, most in (("name", _("Le nom"), 120), ("crm_list_label", _("Le nom de la GRC"), 60)):
        if field in values:
            refusals += _text_refusals(field, label, values[field], most)
    choices = {
        "trade": set(Trade.values),
        "time_zone": available_timezones(),
        "language": set(User.Language.values),
    }
    for field, allowed in choices.items():
        if field in values and values[field] not in allowed:
            refusals.append(Refusal("E-CHOICE", _("Choisissez une valeur de la liste."), field=field))
    for field, length in (("country", 2), ("currency", 3)):
        code = values.get(field)
        if code is not None and not (len(code) == length and code.isascii() and code.isalpha() and code.isupper()):
            refusals.append(Refusal("E-CHOICE", _("Choisissez une valeur de la liste."), field=field))
    if set(values.get("modules", ())) - set(Module.values):
        refusals.append(Refusal("E-CHOICE", _("Choisissez une valeur de la liste."), field="modules"))
    return refusals


def _text_refusals(field: str, label: str, text: str, most: int) -> list[Refusal]:
    if not text:
        return [required(field, label)]
    return [too_long(field, label, most)] if len(text) > most else []


_ORGANIZATION_FIELDS = {
    "name", "time_zone", "language", "country", "currency", "crm_list_label", "terminology", "second_factor_required",
}  # fmt: skip


_MAIL_FIELDS = {
    "mail_sender_name", "mail_sender_address", "mail_reply_address", "mail_signature_fr", "mail_signature_en",
    "replies_by_mail",
}  # fmt: skip
MOST_SIGNATURE = 2000


@transaction.atomic
def update_mail_settings(organization: Organization, *, by: Membership, version: int, **changes) -> Organization:
    """How the organization's mails present themselves: sender, address for replies, signature in both languages.

    Another address of the sender is asked for its confirmation, and serves only afterwards.
    """
    unknown = set(changes) - _MAIL_FIELDS
    if unknown:
        raise TypeError(f"not settings of mail: {sorted(unknown)}")
    for field in ("mail_sender_name", "mail_sender_address", "mail_reply_address"):
        if field in changes:
            changes[field] = one_line(changes[field])
    for field in ("mail_signature_fr", "mail_signature_en"):
        if field in changes:
            changes[field] = changes[field].replace("\r\n", "\n").replace("\0", "").strip()
    refusals = _mail_refusals(organization, changes)
    if refusals:
        raise Refusals(refusals)
    locked = _lock_organization(organization.pk, version)
    before = {field: getattr(locked, field) for field in changes if getattr(locked, field) != changes[field]}
    if before:
        after = {field: changes[field] for field in before}
        record("update_mail_settings", by=by, subject=locked, before=before, after=after)
        if "mail_sender_address" in after:
            after |= {"mail_sender_confirmed": "", "mail_sender_asked_at": None}
        _save(locked, after)
        if after.get("mail_sender_address"):
            _ask_sender_address(locked, by=by)
    return locked


@transaction.atomic
def ask_sender_address(*, by: Membership) -> Organization:
    """Sends the link of the confirmation once more; the one of before is void."""
    record("ask_sender_address", by=by, subject=by.organization)
    locked = _lock_organization(by.organization_id)
    if not locked.mail_sender_address or locked.is_sender_confirmed:
        raise NotFound
    asked_at = locked.mail_sender_asked_at
    if asked_at is not None and timezone.now() - asked_at < timedelta(minutes=1):
        raise Refusal("E-RATE", _("Un lien vient de partir : attendez une minute."), status=429)
    _ask_sender_address(locked, by=by)
    return locked


@transaction.atomic
def confirm_sender_address(token: str, *, by: Membership) -> Organization:
    """The sender's address is the organization's: somebody of it has followed the link that was mailed there."""
    record("confirm_sender_address", by=by, subject=by.organization)
    locked = _lock_organization(by.organization_id)
    sender_address.check(token, locked)
    _save(locked, {"mail_sender_confirmed": locked.mail_sender_address, "mail_sender_asked_at": None})
    return locked


def _ask_sender_address(organization: Organization, *, by: Membership) -> None:
    organization.mail_sender_asked_at = timezone.now()
    organization.save(update_fields=["mail_sender_asked_at"])
    path = f"{organization.slug}/administration/courriel/confirmation/{sender_address.make_token(organization)}/"
    words = {"by": by.user.name, "organization": organization.name, "days": sender_address.DAYS_VALID}
    # A mail of the instance: who reads the organization's outbox has not thereby read the mailbox.
    send_mail(
        organization_id=None,
        to=organization.mail_sender_address,
        subject=_("Confirmez l’adresse d’expéditeur de %(organization)s") % words,
        paragraphs=[
            _("Bonjour,"),
            _("%(by)s souhaite que les courriels de « %(organization)s » partent de cette adresse.") % words,
            _(
                "Si vous êtes d’accord, connectez-vous comme administrateur par ce lien, valable %(days)s jours. Sinon,"
                " ne faites rien : l’adresse ne servira pas."
            )
            % words,
        ],
        button=(_("Confirmer l’adresse"), f"{settings.PUBLIC_URL}/{path}"),
        language=get_language() or "fr",
    )


def _mail_refusals(organization: Organization, changes: dict) -> list[Refusal]:
    refusals = []
    if len(changes.get("mail_sender_name", "")) > 120:
        refusals.append(too_long("mail_sender_name", _("Le nom de l’expéditeur"), 120))
    for field in ("mail_sender_address", "mail_reply_address"):
        if changes.get(field):
            refusals += [
                Refusal(refusal.code, refusal.message, field=field) for refusal in _email_refusals(changes[field])
            ]
    address = changes.get("mail_reply_address", "")
    is_new = bool(address) and address.lower() != organization.mail_reply_address.lower()
    if is_new and not refusals and any(is_taken(address, organization.pk) for is_taken in address_claims):
        message = _("Une autre organisation reçoit déjà ses courriels à cette adresse.")
        refusals.append(Refusal("E-INBOUND-TAKEN", message, field="mail_reply_address", status=409))
    for field in ("mail_signature_fr", "mail_signature_en"):
        if len(changes.get(field, "")) > MOST_SIGNATURE:
            refusals.append(too_long(field, _("La signature"), MOST_SIGNATURE))
    replies = changes.get("replies_by_mail", organization.replies_by_mail)
    if replies and not changes.get("mail_reply_address", organization.mail_reply_address):
        message = _("Indiquez l’adresse de réponse : c’est par elle que les réponses reviennent.")
        refusals.append(Refusal("E-REQUIRED", message, field="mail_reply_address"))
    return refusals


@transaction.atomic
def send_trial_mail(*, by: Membership) -> None:
    """A mail to oneself, as every mail of the organization looks, to see whether it arrives."""
    record("send_trial_mail", by=by, subject=by.organization)
    subject, paragraphs = trial_mail(by.organization)
    send_mail(
        organization_id=by.organization_id,
        to=by.user.email,
        subject=subject,
        paragraphs=paragraphs,
        language=get_language() or "fr",
        subject_record=by.organization,
        user_id=by.user_id,
    )


def trial_mail(organization: Organization) -> tuple[str, list[str]]:
    """(subject, paragraphs) in the language at hand: sent as a trial, and shown as a preview."""
    return _("Courriel d’essai de %(organization)s") % {"organization": organization.name}, [
        _("Bonjour,"),
        _("Voici à quoi ressemblent les courriels de %(organization)s : le nom en tête, le texte, la signature.")
        % {"organization": organization.name},
    ]


@transaction.atomic
def update_organization(organization: Organization, *, by: Membership, version: int, **changes) -> Organization:
    """Settings of the organization. `terminology` is {term: {"fr": …, "en": …}}; empty words are left out."""
    unknown = set(changes) - _ORGANIZATION_FIELDS
    if unknown:
        raise TypeError(f"not settings of an organization: {sorted(unknown)}")
    for field in ("name", "crm_list_label"):
        if field in changes:
            changes[field] = one_line(changes[field])
    refusals = _organization_refusals(changes)
    if "terminology" in changes:
        changes["terminology"], more = _terminology(changes["terminology"])
        refusals += more
    if refusals:
        raise Refusals(refusals)
    locked = _lock_organization(organization.pk, version)
    before = {field: getattr(locked, field) for field in changes if getattr(locked, field) != changes[field]}
    if before:
        after = {field: changes[field] for field in before}
        record("update_organization", by=by, subject=locked, before=before, after=after)
        _save(locked, after)
    return locked


def _terminology(words: dict) -> tuple[dict, list[Refusal]]:
    kept: dict = {}
    refusals = []
    for term, by_language in words.items():
        if term not in TERMS:
            refusals.append(Refusal("E-CHOICE", _("Choisissez une valeur de la liste."), field="terminology"))
            continue
        for code in User.Language.values:
            word = one_line(by_language.get(code) or "")
            if len(word) > 60:
                refusals.append(too_long(f"{term}_{code}", str(TERMS[term]), 60))
            elif word:
                kept.setdefault(term, {})[code] = word
    return kept, refusals


@transaction.atomic
def set_modules(organization: Organization, *, by: Membership, version: int, modules) -> Organization:
    """Switches modules on and off. What belongs to one that is off is kept, and hidden."""
    wanted = [module.value for module in Module if module.value in {str(one) for one in modules}]
    refusals = _organization_refusals({"modules": [str(module) for module in modules]})
    if refusals:
        raise Refusals(refusals)
    locked = _lock_organization(organization.pk, version)
    if set(wanted) != set(locked.modules):
        record("set_modules", by=by, subject=locked, before={"modules": locked.modules}, after={"modules": wanted})
        _save(locked, {"modules": wanted})
    return locked


def _lock_organization(organization_id: int, version: int | None = None) -> Organization:
    locked = Organization.objects.select_for_update(no_key=True).get(pk=organization_id)
    if version is not None and locked.version != version:
        raise stale(locked, organization=locked)
    return locked


def _save(locked, changes: dict) -> None:
    for field, value in changes.items():
        setattr(locked, field, value)
    locked.version += 1
    locked.save(update_fields=[*changes, "version"])


# Members


@transaction.atomic
def create_user(*, email: str, name: str, password: str | None = None, language: str = "fr") -> User:
    """Somebody who can sign in, in no organization yet. Without a password they come in by an invitation."""
    email, name = email.strip().lower(), one_line(name)
    refusals = _text_refusals("name", _("Le nom"), name, 120) + _email_refusals(email)
    if language not in User.Language.values:
        refusals.append(Refusal("E-CHOICE", _("Choisissez une valeur de la liste."), field="language"))
    if not refusals and User.objects.filter(email__iexact=email).exists():
        refusals.append(Refusal("E-EMAIL-TAKEN", _("Cette adresse a déjà un compte."), field="email"))
    if refusals:
        raise Refusals(refusals)
    return User.objects.create_user(email, password, name=name, language=language)


def _email_refusals(email: str) -> list[Refusal]:
    if not email:
        return [required("email", _("L'adresse de courriel"))]
    try:
        validate_email(email)
    except ValidationError:
        return [Refusal("E-004-EMAILS", _("Adresse de courriel invalide."), field="email")]
    return [too_long("email", _("L'adresse de courriel"), 254)] if len(email) > 254 else []


@transaction.atomic
def add_member(*, organization: Organization, user: User, role: str, functions=(), by: Membership | None = None):
    """`user` works in `organization` from now on. What they reach is said by `grant_access`; an administrator: all."""
    role, functions = _role(role, by=by), _functions(functions)
    with _inside(organization.pk, by):
        record(
            "add_member", by=by, organization_id=organization.pk, subject=user, role=role, functions=functions,
            name=user.name,
        )  # fmt: skip
        if Membership.objects.filter(organization=organization, user=user).exists():
            raise Refusal("E-MEMBER", _("Cette personne est déjà membre de l'organisation."), field="email", status=409)
        return Membership.objects.create(organization=organization, user=user, role=role, functions=functions)


def _role(role: str, *, by: Membership | None) -> str:
    """A role that `by` may give: nobody gives more than they have."""
    if role not in set(Role):
        raise Refusal("E-CHOICE", _("Choisissez une valeur de la liste."), field="role")
    if by is not None and height(role) > height(by.role):
        message = _("Vous ne pouvez pas donner un rôle plus élevé que le vôtre.")
        raise Refusal("E-ROLE", message, field="role", status=403)
    return str(role)


def _functions(functions) -> list[str]:
    wanted = {str(function) for function in functions}
    if wanted - set(Membership.Function.values):
        raise Refusal("E-CHOICE", _("Choisissez une valeur de la liste."), field="functions")
    return [function for function in Membership.Function.values if function in wanted]


@transaction.atomic
def create_first_user(*, organization: Organization, email: str, name: str, role: str, password: str | None):
    """A user and their membership, from the command line. An administrator reaches everything."""
    user = User.objects.filter(email__iexact=email.strip()).first() or create_user(
        email=email, name=name, password=password, language=organization.language
    )
    member = add_member(organization=organization, user=user, role=role, functions=["agent"])
    if role != Role.ADMIN:
        grant_access(member=member, scope_type=ORGANIZATION_SCOPE)
    return member


@transaction.atomic
def invite_member(
    *, by: Membership, email: str, name: str, role: str, functions=(), language: str | None = None
) -> Membership:
    """A new member, told by mail. Who has no account yet chooses a password by the link in it."""
    organization = by.organization
    user = User.objects.filter(email__iexact=email.strip()).first()
    is_new = user is None
    if user is None:
        user = create_user(email=email, name=name, language=language or organization.language)
    member = add_member(organization=organization, user=user, role=role, functions=functions, by=by)
    _send_invitation(member, by=by, is_new=is_new)
    return member


@transaction.atomic
def invite_again(member: Membership, *, by: Membership) -> None:
    """A new link for somebody who has not chosen a password yet."""
    record("invite_again", by=by, subject=member, name=member.user.name)
    if member.user.has_usable_password() or member.user.last_login is not None:
        raise Refusal("E-INVITED", _("Cette personne a déjà un compte en service."), status=409)
    _send_invitation(member, by=by, is_new=True)


def _send_invitation(member: Membership, *, by: Membership, is_new: bool) -> None:
    organization, user = member.organization, member.user
    with translation.override(user.language):
        words = {"by": by.user.name, "organization": organization.name, "name": user.name}
        if is_new:
            link = f"{settings.PUBLIC_URL}/compte/invitation/{invitations.make_token(user)}/"
            what = _("Choisissez votre mot de passe par ce lien, valable %(days)s jours :") % {
                "days": invitations.DAYS_VALID
            }
        else:
            link = f"{settings.PUBLIC_URL}/{organization.slug}/"
            what = _("Connectez-vous avec votre compte :")
        send_mail(
            organization_id=organization.pk,
            to=[user.email],
            subject=_("%(by)s vous invite dans %(organization)s") % words,
            text="\n\n".join(
                [
                    _("Bonjour %(name)s,") % words,
                    _("%(by)s vous a ajouté comme membre de « %(organization)s » dans Entregent.") % words,
                    f"{what}\n{link}",
                ]
            )
            + "\n",
            reply_to=by.user.email,
            subject_record=member,
            user_id=by.user_id,
        )


@transaction.atomic
def update_member(
    member: Membership, *, by: Membership, version: int, role=None, functions=None, rights_added=None,
    rights_removed=None, mail_from=None, mail_address=None,
) -> Membership:  # fmt: skip
    """Role, functions, rights added to or taken away from what the role gives, and the address for mails to clients."""
    record("update_member", by=by, subject=member, name=member.user.name)
    if member.role == Role.ADMIN or role == Role.ADMIN:
        _lock_organization(member.organization_id)
    locked = _lock_member(member, version)
    _not_above(locked, by)
    changes: dict = {}
    if role is not None:
        changes["role"] = _role(role, by=by)
        if locked.role == Role.ADMIN and role != Role.ADMIN:
            _another_admin(locked)
    if functions is not None:
        changes["functions"] = _functions(functions)
    if rights_added is not None:
        changes["rights_added"] = _rights(rights_added)
        new = set(changes["rights_added"]) - set(locked.rights_added)
        beyond = {right for right in new if not by.can(Right(right))}
        # Head office is nobody's by role: an administrator gives it.
        if beyond - {Right.HEAD_OFFICE.value} or (beyond and by.role != Role.ADMIN):
            raise Refusal("E-ROLE", _("Vous ne pouvez pas donner une habilitation que vous n'avez pas."), status=403)
    if rights_removed is not None:
        changes["rights_removed"] = _rights(rights_removed)
        given_back = set(locked.rights_removed) - set(changes["rights_removed"])
        if by.role != Role.ADMIN and any(not by.can(Right(right)) for right in given_back & set(Right)):
            raise Refusal("E-ROLE", _("Vous ne pouvez pas donner une habilitation que vous n'avez pas."), status=403)
        if set(changes["rights_removed"]) & {Right.MEMBERS, Right.SETTINGS} and locked.role == Role.ADMIN:
            _another_admin(locked)
    if mail_from is not None:
        changes |= _sending_address(mail_from, mail_address or "")
    added = changes.get("rights_added", locked.rights_added)
    if set(added) & set(changes.get("rights_removed", locked.rights_removed)):
        raise Refusal("E-CHOICE", _("Une habilitation ne peut pas être à la fois ajoutée et retirée."))
    _save(locked, changes)
    return locked


def _sending_address(choice: str, address: str) -> dict:
    if choice not in Membership.MailFrom.values:
        raise Refusal("E-CHOICE", _("Choisissez une des réponses proposées."), field="mail_from")
    address = one_line(address) if choice == Membership.MailFrom.OTHER else ""
    if choice == Membership.MailFrom.OTHER:
        try:
            validate_email(address)
        except ValidationError:
            raise Refusal("E-004-EMAILS", _("Adresse de courriel invalide."), field="mail_address") from None
    return {"mail_from": choice, "mail_address": address}


def _lock_member(member: Membership, version: int | None = None) -> Membership:
    locked = (
        Membership.objects.select_related("user", "organization")
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=member.pk, organization_id=member.organization_id)
        .first()
    )
    if locked is None:
        raise NotFound
    if version is not None and locked.version != version:
        raise stale(locked, organization=locked.organization)
    return locked


def _not_above(member: Membership, by: Membership) -> None:
    """Who manages members by an added right does not touch those above them."""
    if height(member.role) > height(by.role):
        raise RightMissing


def _another_admin(member: Membership) -> None:
    """An organization keeps an active administrator who can manage it. The organization's row is locked."""
    others = Membership.objects.active().filter(organization_id=member.organization_id, role=Role.ADMIN)
    others = others.exclude(pk=member.pk).exclude(rights_removed__overlap=[Right.MEMBERS.value, Right.SETTINGS.value])
    if not others.exists():
        raise Refusal("E-LAST-ADMIN", _("Désignez d'abord un autre administrateur."), field="role", status=409)


def _rights(rights) -> list[str]:
    wanted = {str(right) for right in rights}
    if wanted - {right.value for right in Right}:
        raise Refusal("E-CHOICE", _("Choisissez une valeur de la liste."))
    return [right.value for right in Right if right.value in wanted]


@transaction.atomic
def deactivate_member(member: Membership, *, by: Membership, version: int | None = None) -> Membership:
    """They cannot come in any more; what they did stays theirs. Their tokens stop at once."""
    record("deactivate_member", by=by, subject=member, name=member.user.name)
    _lock_organization(member.organization_id)
    locked = _lock_member(member, version)
    _not_above(locked, by)
    if locked.role == Role.ADMIN:
        _another_admin(locked)
    if locked.is_active:
        _save(locked, {"is_active": False})
    return locked


@transaction.atomic
def activate_member(member: Membership, *, by: Membership, version: int | None = None) -> Membership:
    record("activate_member", by=by, subject=member, name=member.user.name)
    locked = _lock_member(member, version)
    _not_above(locked, by)
    if not locked.is_active:
        _save(locked, {"is_active": True})
    return locked


# Accesses


@transaction.atomic
def grant_access(
    *, member: Membership, scope_type: str, scope_id: int | None = None, role: str | None = None, starts_on=None,
    ends_on=None, by: Membership | None = None,
) -> Grant:  # fmt: skip
    """Gives `member` reach over the organization, a sector with what lies below it, or one client; for a time or not.

    `role` says what may be done there (None: the member's own role). Administration goes with the member, never with
    a piece of territory, so that « administrateur » is no role of an access.
    """
    if scope_type not in scope_types():
        raise Refusal("E-CHOICE", _("Choisissez une valeur de la liste."), field="scope_type")
    if (scope_id is None) != (scope_type == ORGANIZATION_SCOPE):
        raise required("scope_id", _("La portée"))
    if role == Role.ADMIN:
        raise Refusal("E-CHOICE", _("Le rôle d'administrateur se donne au membre, pas à un accès."), field="role")
    role = _role(role, by=by) if role else None
    with _inside(member.organization_id, by):
        if by is not None:
            _not_above(member, by)
            _check_not_wider(by, scope_type, scope_id)
        _check_days(member.organization, starts_on, ends_on)
        if (
            scope_type == "sector"
            and not Sector.objects.filter(pk=scope_id or 0, organization_id=member.organization_id).exists()
        ):
            raise NotFound
        record(
            "grant_access", by=by, organization_id=member.organization_id, subject=member, name=member.user.name,
            client_id=scope_id if scope_type == "client" else None, scope_type=scope_type, scope_id=scope_id, role=role,
            starts_on=starts_on, ends_on=ends_on,
        )  # fmt: skip
        return Grant.objects.create(
            organization_id=member.organization_id,
            membership=member,
            scope_type=scope_type,
            scope_id=scope_id,
            role=role,
            starts_on=starts_on,
            ends_on=ends_on,
            granted_by_id=by.user_id if by is not None else None,
        )


def _check_not_wider(by: Membership, scope_type: str, scope_id: int | None) -> None:
    """Nobody gives more than they have; what an absent colleague left for some days is not theirs to give."""
    if scope_type not in (ORGANIZATION_SCOPE, "sector"):
        return  # One client, who was found among those in reach.
    for grant in by.reach.grants:
        is_within = grant.scope_type == ORGANIZATION_SCOPE or (
            grant.scope_type == scope_type and scope_id in grant.scope_ids
        )
        if is_within and not grant.on_behalf_of:
            return
    message = _("Vous ne pouvez pas donner un accès plus large que le vôtre.")
    raise Refusal("E-ROLE", message, field="scope_type", status=403)


def _check_days(organization: Organization, starts_on, ends_on) -> None:
    if ends_on is not None and (
        ends_on < today_in(organization.time_zone) or (starts_on is not None and ends_on < starts_on)
    ):
        raise Refusal("E-002-DATE", _("La date de fin doit être postérieure."), field="ends_on")


@transaction.atomic
def revoke_access(grant: Grant, *, by: Membership) -> None:
    """The reach ends with this request; the journal keeps that it was."""
    member = grant.membership
    if grant.scope_type not in scope_types():
        message = _("Cet accès vient d'un groupe de clients : il se retire dans ce groupe.")
        raise Refusal("E-CHOICE", message, status=409)
    record(
        "revoke_access", by=by, subject=member, name=member.user.name, scope_type=grant.scope_type,
        scope_id=grant.scope_id, client_id=grant.scope_id if grant.scope_type == "client" else None,
    )  # fmt: skip
    _not_above(member, by)
    grant.delete()


@transaction.atomic
def set_substitute(
    *, absent: Membership, substitute: Membership, starts_on, ends_on, by: Membership | None = None
) -> Substitution:
    """For the days given, `substitute` reaches what `absent` reaches by their own accesses, none handed on twice."""
    if absent.organization_id != substitute.organization_id:
        raise NotFound
    if by is not None and by.pk != absent.pk:
        if not by.can(Right.MEMBERS):
            raise RightMissing
        _not_above(absent, by)
    if absent.pk == substitute.pk:
        raise Refusal("E-SUBSTITUTE", _("Choisissez une autre personne."), field="substitute")
    if not substitute.is_active or not substitute.user.is_active:
        raise Refusal("E-000-AGENT", _("Cet agent n'est pas disponible."), field="substitute")
    if starts_on is None:
        raise required("starts_on", _("La date de début"))
    if ends_on is None:
        raise required("ends_on", _("La date de fin"))
    with _inside(absent.organization_id, by):
        _check_days(absent.organization, starts_on, ends_on)
        record(
            "set_substitute", by=by, organization_id=absent.organization_id, subject=absent, name=absent.user.name,
            substitute=substitute.user.name, starts_on=starts_on, ends_on=ends_on,
        )  # fmt: skip
        return Substitution.objects.create(
            organization_id=absent.organization_id,
            absent=absent,
            substitute=substitute,
            starts_on=starts_on,
            ends_on=ends_on,
            set_by_id=by.user_id if by is not None else None,
        )


@transaction.atomic
def end_substitution(substitution: Substitution, *, by: Membership) -> None:
    if by.pk != substitution.absent_id and not by.can(Right.MEMBERS):
        raise RightMissing
    record(
        "end_substitution", by=by, subject=substitution.absent, name=substitution.absent.user.name,
        substitute=substitution.substitute.user.name, starts_on=substitution.starts_on, ends_on=substitution.ends_on,
    )  # fmt: skip
    substitution.delete()


# Sectors


@transaction.atomic
def create_sector(
    *, organization: Organization, code: str, name: str, level: str = "", parent: Sector | None = None,
    by: Membership | None = None,
) -> Sector:  # fmt: skip
    """A piece of territory, below `parent` or at the top."""
    values = _sector_values(organization.pk, code=code, name=name, level=level)
    with _inside(organization.pk, by):
        if parent is not None and parent.organization_id != organization.pk:
            raise NotFound
        record("create_sector", by=by, organization_id=organization.pk, code=values["code"], name=values["name"])
        if Sector.objects.filter(organization=organization, code=values["code"]).exists():
            raise _code_taken()
        return Sector.objects.create(organization=organization, parent=parent, **values)


@transaction.atomic
def update_sector(sector: Sector, *, by: Membership | None = None, version: int | None = None, **changes) -> Sector:
    """Another code, name, level or `parent` (None: to the top). What lies below comes along, and so does its reach."""
    unknown = set(changes) - {"code", "name", "level", "parent"}
    if unknown:
        raise TypeError(f"not fields of a sector: {sorted(unknown)}")
    with _inside(sector.organization_id, by):
        record("update_sector", by=by, organization_id=sector.organization_id, subject=sector, name=sector.name)
        # Two moves at once could put each sector below the other: the tree changes one move at a time.
        if "parent" in changes:
            _lock_organization(sector.organization_id)
        locked = Sector.objects.select_for_update(no_key=True).filter(pk=sector.pk).first()
        if locked is None:
            raise NotFound
        if version is not None and locked.version != version:
            raise stale(locked, organization=locked.organization)
        values = _sector_values(locked.organization_id, **{f: v for f, v in changes.items() if f != "parent"})
        others = Sector.objects.filter(organization_id=locked.organization_id).exclude(pk=locked.pk)
        if "code" in values and others.filter(code=values["code"]).exists():
            raise _code_taken()
        if "parent" in changes:
            values["parent"] = _new_parent(locked, changes["parent"])
        _save(locked, values)
        locked.refresh_from_db(fields=["path"])
    return locked


def _new_parent(sector: Sector, parent: Sector | None) -> Sector | None:
    if parent is None:
        return None
    parent = Sector.objects.filter(pk=parent.pk, organization_id=sector.organization_id).first()
    if parent is None:
        raise NotFound
    if parent.path.startswith(sector.path):
        raise Refusal("E-SECTOR", _("Un secteur ne peut pas être placé sous lui-même."), field="parent")
    return parent


def _sector_values(organization_id: int, **texts) -> dict:
    values = {field: one_line(text or "") for field, text in texts.items()}
    refusals = []
    for field, label, most in (("code", _("Le code"), 40), ("name", _("Le nom"), 120)):
        if field in values:
            refusals += _text_refusals(field, label, values[field], most)
    if len(values.get("level", "")) > 60:
        refusals.append(too_long("level", _("Le niveau"), 60))
    if refusals:
        raise Refusals(refusals)
    return values


def _code_taken() -> Refusal:
    return Refusal("E-SECTOR", _("Ce code est déjà celui d'un autre secteur."), field="code", status=409)


def why_sector_stays(sector: Sector) -> list[str]:
    """The sentences that say what still uses a sector; none: it may be deleted."""
    reasons = []
    if sector.children.exists():
        reasons.append(_("D'autres secteurs sont placés sous celui-ci."))
    if Grant.objects.filter(organization_id=sector.organization_id, scope_type="sector", scope_id=sector.pk).exists():
        reasons.append(_("Des accès sont donnés sur ce secteur."))
    for blockers in sector_blockers:
        reasons += [str(reason) for reason in blockers(sector)]
    return reasons


@transaction.atomic
def delete_sector(sector: Sector, *, by: Membership) -> None:
    """Only a sector that nothing uses goes."""
    record("delete_sector", by=by, subject=sector, code=sector.code, name=sector.name)
    locked = Sector.objects.select_for_update().filter(pk=sector.pk).first()
    if locked is None:
        raise NotFound
    reasons = why_sector_stays(locked)
    if reasons:
        raise Refusal("E-SECTOR-IN-USE", _("Suppression impossible.") + " " + " ".join(reasons), status=409)
    locked.delete()


# Tokens of the API


@transaction.atomic
def create_api_token(
    *, member: Membership, name: str, expires_at=None, scopes: Iterable[str] = (), by: Membership | None = None
) -> tuple[ApiToken, str]:
    """A key for another program, with the rights and reach of `member`, narrowed down to `scopes` if there are any.
    The key itself is given here only."""
    name = one_line(name)
    refusals = _text_refusals("name", _("Le nom"), name, 80)
    wanted = set(scopes)
    if wanted - set(token_scopes.SCOPES):
        refusals.append(Refusal("E-SCOPE", _("Portée inconnue."), field="scopes"))
    if refusals:
        raise Refusals(refusals)
    key = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with _inside(member.organization_id, by):
        if by is not None:
            _not_above(member, by)
        record(
            "create_api_token", by=by, organization_id=member.organization_id, subject=member, name=member.user.name,
            token=name,
        )  # fmt: skip
        token = ApiToken.objects.create(
            organization_id=member.organization_id,
            membership=member,
            name=name,
            digest=ApiToken.digest_of(key),
            hint=f"…{key[-4:]}",
            expires_at=expires_at,
            scopes=[scope for scope in token_scopes.SCOPES if scope in wanted],
        )
    return token, key


@transaction.atomic
def revoke_api_token(token: ApiToken, *, by: Membership) -> None:
    """The key stops at once."""
    record("revoke_api_token", by=by, subject=token.membership, name=token.membership.user.name, token=token.name)
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now())


# Numbers


def next_numbers(organization_id: int, name: str, count: int = 1) -> int:
    """Takes `count` numbers of the counter `name` and gives the first. Ends with the transaction, so without holes."""
    ((last,),) = rows_of(
        """
        INSERT INTO organizations_counter AS counter (organization_id, name, value) VALUES (%s, %s, %s)
        ON CONFLICT (organization_id, name) DO UPDATE SET value = counter.value + EXCLUDED.value
        RETURNING value
        """,
        [organization_id, name, count],
    )
    return last - count + 1
