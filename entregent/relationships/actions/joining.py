"""Somebody asks to work on a business account, and its managers answer (R002-29, R002-36). As with providers, whoever
asks does not learn whether there is such an account."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from entregent.access.limits import times
from entregent.organizations.models import User
from entregent.outbox.actions import send_mail
from entregent.relationships.actions.accounts import account_number, acting, add_account_user, may_give, tell_history
from entregent.relationships.models import AccountEvent, AccountUser, BusinessAccount, JoinRequest, ProgramAccount
from entregent.toolbox.errors import NotFound, Refusal, RightMissing, too_long
from entregent.toolbox.queue import ask

AT_MOST = 10
A_DAY_AT_MOST = 20
COMMENTS_MOST = 2000
REASON_MOST = 500


@transaction.atomic
def ask_to_join(*, user: User, number: str, comments: str = "") -> JoinRequest:
    """Waits for a manager of the account with this number; asked again, it is the same request with other words."""
    number = account_number(number)
    comments = comments.strip()
    if len(comments) > COMMENTS_MOST:
        raise too_long("comments", _("Commentaires"), COMMENTS_MOST)
    User.objects.select_for_update().get(pk=user.pk)
    if AccountUser.objects.filter(account__number=number, user=user, is_active=True).exists():
        raise Refusal("E-002-USER", _("Vous êtes déjà de ce compte."), field="account_number", status=409)
    if JoinRequest.objects.filter(user=user).exclude(account_number=number).count() >= AT_MOST:
        message = _("Beaucoup de vos demandes attendent déjà une réponse.")
        raise Refusal("E-RATE", message, status=429)
    made, is_new = JoinRequest.objects.update_or_create(
        user=user, account_number=number, defaults={"comments": comments, "asked_at": timezone.now()}
    )
    if is_new:
        # Those that were withdrawn count too: each writes to the managers of an account.
        if times(f"join-requests-{user.pk}", seconds=24 * 3600) > A_DAY_AT_MOST:
            message = _("Vous avez fait beaucoup de demandes en un jour. Réessayez demain.")
            raise Refusal("E-RATE", message, status=429)
        ask("entregent.relationships.write_of_joining", join_id=made.pk)
    return made


@transaction.atomic
def withdraw_joining(join: JoinRequest, *, user: User) -> None:
    gone, _by_model = JoinRequest.objects.filter(pk=join.pk, user=user).delete()
    if not gone:
        raise NotFound


@transaction.atomic
def accept_joining(
    join: JoinRequest, *, by: AccountUser, role: str, programs: Iterable[ProgramAccount] = ()
) -> AccountUser:
    """They work on the account from now on, as `by` may let them."""
    chosen = may_give(by, role, programs)
    locked = _locked(join, by=by)
    added = AccountUser.objects.filter(account_id=by.account_id, user_id=locked.user_id, is_active=True).first()
    if added is None:
        added = add_account_user(by=by, user=locked.user, role=role, programs=chosen)
    locked.delete()
    with translation.override(added.user.language):
        words = {"account": by.account.name, "role": str(added.role_label)}
        _answer(
            added.user,
            by.account,
            _("Vous travaillez maintenant sur le compte de %(account)s") % words,
            [_("%(account)s a accepté votre demande. Votre rôle : %(role)s.") % words],
        )
    return added


@transaction.atomic
def reject_joining(join: JoinRequest, *, by: AccountUser, reason: str = "") -> None:
    """The account says no, with a reason if it likes. It is a no of the whole account: of those who manage all."""
    if not acting(by).manages_all:
        raise RightMissing
    reason = reason.strip()
    if len(reason) > REASON_MOST:
        raise too_long("reason", _("Motif"), REASON_MOST)
    locked = _locked(join, by=by)
    user = locked.user
    tell_history(by, AccountEvent.What.REFUSED, about=user.name)
    locked.delete()
    with translation.override(user.language):
        words = {"number": by.account.number, "reason": reason}
        said = [_("Motif : %(reason)s") % words] if reason else []
        subject = _("Votre demande de travailler sur le compte %(number)s est rejetée") % words
        _answer(user, None, subject, [subject + ".", *said])


def write_of_joining(*, join_id: int) -> None:
    """To the managers of the account, by the worker: how long asking takes must not tell whether there is one."""
    join = JoinRequest.objects.filter(pk=join_id).select_related("user").first()
    account = BusinessAccount.objects.filter(number=join.account_number).first() if join is not None else None
    if join is None or account is None:
        return
    url = f"{settings.PUBLIC_URL}/portail/entreprises/{account.number}/personnes/{join.pk}/"
    managers = AccountUser.objects.filter(account=account, is_active=True, wants_mail=True, user__is_active=True)
    for one in managers.select_related("user").order_by("pk"):
        if not one.manages_all:
            continue
        with translation.override(one.user.language):
            words = {"who": join.user.name, "email": join.user.email, "account": account.name}
            send_mail(
                organization_id=None,
                to=[one.user.email],
                language=one.user.language,
                subject=_("%(who)s demande à travailler sur le compte de %(account)s") % words,
                paragraphs=[
                    _("%(who)s (%(email)s) demande à travailler sur le compte d'entreprise de %(account)s.") % words,
                    *(
                        [_("Ses commentaires : « %(comments)s »") % {"comments": join.comments}]
                        if join.comments
                        else []
                    ),
                ],
                button=(_("Voir la demande"), url),
                user_id=one.user_id,
            )


def _locked(join: JoinRequest, *, by: AccountUser) -> JoinRequest:
    found = JoinRequest.objects.select_for_update(of=("self",)).select_related("user")
    locked = found.filter(pk=join.pk, account_number=by.account.number, asked_at__gt=oldest_joining()).first()
    if locked is None:
        raise Refusal("E-002-DECIDED", _("Cette demande a déjà été traitée."), status=409)
    return locked


def oldest_joining():
    """Requests from before are no longer answered."""
    return timezone.now() - timedelta(days=JoinRequest.DAYS)


def _answer(user: User, account: BusinessAccount | None, subject: str, paragraphs: list[str]) -> None:
    url = f"{settings.PUBLIC_URL}/portail/entreprises/" + (f"{account.number}/" if account is not None else "")
    send_mail(
        organization_id=None,
        to=[user.email],
        language=user.language,
        subject=subject,
        paragraphs=paragraphs,
        button=(_("Mes entreprises"), url),
        user_id=user.pk,
    )
