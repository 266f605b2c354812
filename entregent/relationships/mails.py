"""What users of a business account are told by mail (§3.6): a request to answer, one about to lapse, an access that has
ended without them. Mails of the instance: the provider's outbox must not say whether there is such an account."""

from datetime import date

from babel.dates import format_date
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from entregent.access.rights import Role
from entregent.access.wall import in_organization
from entregent.organizations.models import User
from entregent.outbox.actions import send_mail
from entregent.relationships.models import AccessRequest, AccountUser, BusinessAccount, Relationship
from entregent.toolbox.queue import ask


def tell_account(event: str, about: AccessRequest | Relationship) -> None:
    """Contribution to `relationship_events`."""
    if isinstance(about, AccessRequest):
        if event in ("request.made", "request.expiring"):
            # By the worker, whether there is such an account or not: how long asking takes must not tell (R002-38).
            ask(
                "entregent.relationships.write_of_request",
                organization_id=about.organization_id,
                request_id=about.pk,
                is_reminder=event == "request.expiring",
            )
    elif event == "relationship.ended" and about.state in (
        Relationship.State.EXPIRED, Relationship.State.GIVEN_UP,
    ):  # fmt: skip
        _tell_of_end(about)


def _deciders(account: BusinessAccount, *roles: str) -> list[User]:
    found = AccountUser.objects.filter(
        account=account, role__in=roles, is_active=True, wants_mail=True, user__is_active=True
    )
    return [one.user for one in found.select_related("user").order_by("pk")]


def write_of_request(*, organization_id: int, request_id: int, is_reminder: bool) -> None:
    """To whoever can answer the request, if it still waits."""
    with in_organization(organization_id):
        waiting = AccessRequest.objects.filter(pk=request_id, state=AccessRequest.State.PENDING)
        request = waiting.select_related("organization").first()
        if request is not None:
            _tell_of_request(request, is_reminder=is_reminder)


def _tell_of_request(request: AccessRequest, *, is_reminder: bool) -> None:
    account = BusinessAccount.objects.filter(number=request.account_number, registered_at__isnull=False).first()
    if account is None:
        return
    url = f"{settings.PUBLIC_URL}/portail/entreprises/{account.number}/demandes/{request.pk}/"
    for user in _deciders(account, Role.ADMIN, Role.MANAGER):
        with translation.override(user.language):
            words = {
                "name": user.name,
                "provider": request.organization.name,
                "account": account.name,
                "who": request.asked_by_name,
                "comments": request.comments,
                "day": _day(request.expires_on, user.language),
            }
            subject = (
                _("La demande d'accès de %(provider)s attend encore votre réponse")
                if is_reminder
                else _("%(provider)s demande l'accès à %(account)s")
            )
            send_mail(
                organization_id=None,
                to=[user.email],
                language=user.language,
                subject=subject % words,
                paragraphs=[
                    _("Bonjour %(name)s,") % words,
                    _("%(provider)s (%(who)s) demande à agir pour %(account)s.") % words,
                    *([_("Ses commentaires : « %(comments)s »") % words] if request.comments else []),
                    _("Sans réponse, la demande échoit après le %(day)s.") % words,
                    _("Si vous ne connaissez pas ce fournisseur, rejetez sa demande."),
                ],
                button=(_("Voir la demande"), url),
                user_id=user.pk,
            )


def _tell_of_end(ended: Relationship) -> None:
    account = ended.account
    url = f"{settings.PUBLIC_URL}/portail/entreprises/{account.number}/relations/{ended.pk}/"
    for user in _deciders(account, Role.ADMIN):
        with translation.override(user.language):
            words = {"name": user.name, "provider": ended.organization.name, "account": account.name}
            if ended.state == Relationship.State.GIVEN_UP:
                said = _("%(provider)s a renoncé à agir pour %(account)s.")
            else:
                said = _(
                    "%(provider)s n'agit plus pour %(account)s : l'accès a pris fin à la date que vous aviez fixée."
                )
            send_mail(
                organization_id=None,
                to=[user.email],
                language=user.language,
                subject=_("%(provider)s n'agit plus pour %(account)s") % words,
                paragraphs=[_("Bonjour %(name)s,") % words, said % words],
                button=(_("Voir au registre"), url),
                user_id=user.pk,
            )


def _day(day: date, language: str) -> str:
    return format_date(day, "long", locale=language)
