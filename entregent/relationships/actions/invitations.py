"""Asking somebody by mail to work on a business account, and their answer."""

import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from entregent.access.limits import times
from entregent.access.rights import Role
from entregent.organizations.invitations import account_of_invited, digest_of
from entregent.organizations.models import User
from entregent.outbox.actions import send_mail
from entregent.relationships.actions.accounts import add_account_user, may_give, tell_history
from entregent.relationships.client_side import invitations_of
from entregent.relationships.models import (
    ACCOUNT_ROLES,
    AccountEvent,
    AccountInvitation,
    AccountUser,
    BusinessAccount,
    ProgramAccount,
)
from entregent.toolbox.errors import NotFound, Refusal, required, too_long
from entregent.toolbox.text import one_line

INVITATION_DAYS = 14
AN_HOUR_AT_MOST = 30


@transaction.atomic
def invite_account_user(
    *, by: AccountUser, email: str, role: str, programs: Iterable[ProgramAccount] = (), language: str = "fr"
) -> AccountInvitation:
    """Sends an invitation to work on the account; asked again, the link of before is void. Whether the address has an
    account here is not told."""
    account = BusinessAccount.objects.select_for_update().get(pk=by.account_id)
    chosen = may_give(by, role, programs)
    email = _address(email)
    if language not in User.Language.values:
        raise Refusal("E-CHOICE", _("Choisissez une valeur de la liste."), field="language")
    known = AccountUser.objects.filter(account=account, is_active=True, user__email__iexact=email)
    if known.exists():
        raise Refusal("E-002-USER", _("Cette personne est déjà de ce compte."), field="email", status=409)
    # By mails sent, not by rows: those that were withdrawn or sent again count too.
    if times(f"invitations-{account.pk}", seconds=3600) > AN_HOUR_AT_MOST:
        message = _("Beaucoup d'invitations sont parties de ce compte. Réessayez dans une heure.")
        raise Refusal("E-RATE", message, status=429)
    before = AccountInvitation.objects.filter(account=account, email__iexact=email)
    if before.exists() and before.first() not in invitations_of(by):
        raise Refusal("E-002-USER", _("Cette personne est déjà invitée."), field="email", status=409)
    before.delete()
    secret = secrets.token_urlsafe(32)
    made = AccountInvitation.objects.create(
        account=account, email=email, role=role, program_ids=[program.pk for program in chosen], language=language,
        invited_by=by, ends_at=timezone.now() + timedelta(days=INVITATION_DAYS), digest=digest_of(secret),
    )  # fmt: skip
    tell_history(by, AccountEvent.What.INVITED, about=email, role=role, programs=chosen)
    _send(made, secret, account=account, by=by)
    return made


@transaction.atomic
def withdraw_account_invitation(invitation: AccountInvitation, *, by: AccountUser) -> None:
    """The link is void."""
    BusinessAccount.objects.select_for_update().get(pk=by.account_id)
    found = AccountInvitation.objects.filter(pk=invitation.pk, account_id=by.account_id).first()
    if found is None:
        raise NotFound
    may_give(by, found.role, _programs(found))
    tell_history(by, AccountEvent.What.WITHDRAWN, about=found.email, role=found.role)
    found.delete()


def find_account_invitation(secret: str) -> AccountInvitation | None:
    """None: wrong, too old, used, withdrawn, or whoever invited could not do so any more."""
    found = AccountInvitation.objects.filter(digest=digest_of(secret), ends_at__gt=timezone.now())
    invitation = found.select_related("account", "invited_by__user").first()
    if invitation is None:
        return None
    try:
        may_give(invitation.invited_by, invitation.role, _programs(invitation))
    except Refusal:
        return None
    return invitation


@transaction.atomic
def accept_account_invitation(
    secret: str, *, user: User | None = None, name: str = "", password: str = ""
) -> AccountUser:
    """With the account `user` (signed in), else by a new one with name and password, whose address the link has
    proven. The link is void from then on."""
    invitation = find_account_invitation(secret)
    if invitation is None:
        raise invitation_refused()
    BusinessAccount.objects.select_for_update().get(pk=invitation.account_id)
    if not AccountInvitation.objects.select_for_update().filter(pk=invitation.pk).exists():
        raise invitation_refused()
    if user is None:
        user = account_of_invited(email=invitation.email, language=invitation.language, name=name, password=password)
    if AccountUser.objects.filter(account_id=invitation.account_id, user=user, is_active=True).exists():
        raise Refusal("E-002-USER", _("Vous êtes déjà de ce compte."), status=409)
    added = add_account_user(by=invitation.invited_by, user=user, role=invitation.role, programs=_programs(invitation))
    invitation.delete()
    return added


def invitation_refused() -> Refusal:
    message = _("Ce lien d'invitation n'est plus valable. Demandez-en un autre à l'entreprise qui vous l'a envoyé.")
    return Refusal("E-INVITATION", message, status=410)


def _programs(invitation: AccountInvitation) -> list[ProgramAccount]:
    return list(ProgramAccount.objects.filter(account_id=invitation.account_id, pk__in=invitation.program_ids))


def _address(email: str) -> str:
    email = one_line(email).lower()
    if not email:
        raise required("email", _("Courriel"))
    if len(email) > 254:
        raise too_long("email", _("Courriel"), 254)
    try:
        validate_email(email)
    except ValidationError:
        raise Refusal("E-CHOICE", _("Cette adresse de courriel n'en est pas une."), field="email") from None
    return email


def _send(invitation: AccountInvitation, secret: str, *, account: BusinessAccount, by: AccountUser) -> None:
    with translation.override(invitation.language):
        words = {
            "who": by.user.name, "account": account.name, "role": str(ACCOUNT_ROLES[Role(invitation.role)]),
            "days": INVITATION_DAYS,
        }  # fmt: skip
        send_mail(
            organization_id=None,
            to=[invitation.email],
            language=invitation.language,
            subject=_("Vous êtes invité à gérer les accès de %(account)s") % words,
            paragraphs=[
                _("%(who)s vous invite à travailler sur le compte d'entreprise de %(account)s, comme : %(role)s.")
                % words,
                _("Ce lien est valable %(days)s jours et sert une seule fois.") % words,
            ],
            button=(_("Accepter l'invitation"), f"{settings.PUBLIC_URL}/portail/entreprises/invitation/{secret}/"),
        )
