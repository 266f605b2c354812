"""Giving people access to the client portal, and whom to tell of what (R003-19, R003-20, R004-29).

An invitation is a link whose secret is kept as its hash; it serves once. Whoever accepts chooses a password, or signs
in with the account that they have already. Who wrote `by` is a member; what somebody at the client does for
themselves takes their `access`.
"""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.clients.models import Client, ClientPerson, Person
from entregent.interactions.notices import PORTAL_REGISTERED
from entregent.interactions.portal_models import (
    INVITATION_DAYS,
    PortalAccess,
    PortalEvent,
    PortalSettings,
    PortalVisit,
    invitation_end,
    invitation_url,
)
from entregent.notifications.actions import notify, subscribers
from entregent.organizations.invitations import account_of_invited, digest_of
from entregent.organizations.models import Membership, Module, User
from entregent.outbox.actions import send_mail
from entregent.toolbox.errors import ModuleOff, NotFound, Refusal, Refusals, too_long


class Subscriber(NamedTuple):
    """Somebody at the client to tell: the person, the address for it and their language."""

    person: Person
    email: str
    language: str


def subscribed_people(client_id: int | None, person_id: int | None, event: str) -> list[Subscriber]:
    """Who at the client is to be told of `event` now, at `PortalAccess.address`, inside the organization's wall.

    Those of the client who took it; where what happened concerns one person (`person_id`), that person, and those
    colleagues who see what is not theirs. Without a client: the person alone.
    """
    found = PortalAccess.objects.active().filter(subscriptions__contains=[str(event)])
    if client_id is None:
        found = found.filter(client__isnull=True, person_id=person_id)
    else:
        found = found.filter(client_id=client_id)
        if person_id is not None:
            found = found.filter(Q(person_id=person_id) | Q(sees_colleagues=True))
    rows = found.filter(organization__modules__contains=[Module.PORTAL]).select_related("person").order_by("id")
    return [Subscriber(access.person, access.address, access.language) for access in rows]


@transaction.atomic
def invite_person(
    *,
    by: Membership,
    person: Person,
    client: Client | None = None,
    kind: str = PortalAccess.Kind.PERMANENT,
    email: str = "",
    sees_colleagues: bool | None = None,
    mail: bool = True,
) -> tuple[PortalAccess, str]:
    """Invites a person to the portal, for a client where one is given. Returns the access and the address of the
    invitation, which is "" for somebody who is in already (a temporary access asked for once more).

    `email` is one of the person's, the first where none is given. Inviting again whoever has not accepted yet makes
    the link of before void. `mail=False`: whoever asks sends the address of the invitation in a mail of their own.
    """
    record("invite_to_portal", by=by, subject=person, client_id=client.pk if client else None, name=person.full_name)
    if not by.organization.has_module(Module.PORTAL):
        raise ModuleOff
    person, client = _standing(person, client, by=by)
    choices = PortalSettings.of(by.organization_id)
    access = (
        PortalAccess.objects.open()
        .select_for_update(of=("self",))
        .filter(organization_id=by.organization_id, person=person, client=client)
        .first()
    )
    if access is None:
        access = PortalAccess(organization_id=by.organization_id, person=person, client=client, kind=kind)
        access.sees_colleagues = choices.colleagues
    elif access.state == PortalAccess.State.SUSPENDED:
        raise Refusal("E-003-ACCESS", _("Cet accès est suspendu : rétablissez-le."), status=409)
    elif access.state == PortalAccess.State.ACTIVE and not access.is_over:
        if kind == PortalAccess.Kind.TEMPORARY:
            return access, ""
        raise Refusal("E-003-ACCESS", _("Cette personne a déjà accès au portail."), status=409)
    elif kind == PortalAccess.Kind.PERMANENT:
        access.kind = kind  # Whoever was asked for files once is now invited for good.
    if sees_colleagues is not None:
        access.sees_colleagues = sees_colleagues
    if access.kind == PortalAccess.Kind.TEMPORARY:
        access.expires_at = timezone.now() + timedelta(days=choices.temporary_days)
    else:
        access.expires_at = None
    access.email = _address(person, email or (access.email if access.email in person.emails else ""))
    access.language = person.language
    if access.user_id is not None and access.activated_at is not None:
        access.state = PortalAccess.State.ACTIVE  # It had run out: the account is there, and serves again.
        access.save()
        return access, ""
    access.state = PortalAccess.State.INVITED
    access.invited_at, access.invited_by_id = timezone.now(), by.user_id
    secret = secrets.token_urlsafe(32)
    access.digest, access.invitation_ends_at = digest_of(secret), invitation_end(access)
    access.save()
    url = invitation_url(by.organization_id, secret)
    if mail:
        _send_invitation(access, url, by=by)
    return access, url


@transaction.atomic
def promote_access(access: PortalAccess, *, by: Membership) -> PortalAccess:
    """A temporary access becomes permanent (R004-29); one that has run out lives again."""
    record("promote_portal_access", by=by, subject=access, client_id=access.client_id, name=access.told_as)
    access = _locked(access, by=by)
    access.kind, access.expires_at = PortalAccess.Kind.PERMANENT, None
    access.save(update_fields=["kind", "expires_at"])
    return access


@transaction.atomic
def extend_access(access: PortalAccess, *, by: Membership | None = None) -> PortalAccess:
    """A temporary access lives for its days again from now on: a request of files was made or completed (R004-29)."""
    record(
        "extend_portal_access", by=by, organization_id=access.organization_id, subject=access,
        client_id=access.client_id, name=access.told_as,
    )  # fmt: skip
    access = _locked(access, by=by or access)
    if access.kind == PortalAccess.Kind.TEMPORARY:
        days = PortalSettings.of(access.organization_id).temporary_days
        access.expires_at = timezone.now() + timedelta(days=days)
        access.save(update_fields=["expires_at"])
    return access


@transaction.atomic
def suspend_access(access: PortalAccess, *, by: Membership) -> PortalAccess:
    """The person is out with their next request, and the link of an invitation is void."""
    record("suspend_portal_access", by=by, subject=access, client_id=access.client_id, name=access.told_as)
    access = _locked(access, by=by)
    access.state, access.digest = PortalAccess.State.SUSPENDED, ""
    access.save(update_fields=["state", "digest"])
    return access


@transaction.atomic
def resume_access(access: PortalAccess, *, by: Membership) -> PortalAccess:
    """As it was before it was suspended; who had not accepted yet is to be invited again."""
    record("resume_portal_access", by=by, subject=access, client_id=access.client_id, name=access.told_as)
    access = _locked(access, by=by)
    if access.state != PortalAccess.State.SUSPENDED:
        raise Refusal("E-003-ACCESS", _("Cet accès n'est pas suspendu."), status=409)
    is_known = access.user_id is not None and access.activated_at is not None
    access.state = PortalAccess.State.ACTIVE if is_known else PortalAccess.State.INVITED
    access.save(update_fields=["state"])
    return access


@transaction.atomic
def close_access(access: PortalAccess, *, by: Membership) -> None:
    """Takes the access away for good; inviting the person again makes a new one. What they wrote remains."""
    record("close_portal_access", by=by, subject=access, client_id=access.client_id, name=access.told_as)
    _close(PortalAccess.objects.filter(pk=_locked(access, by=by).pk))


@transaction.atomic
def set_colleagues(access: PortalAccess, *, by: Membership, sees_colleagues: bool) -> PortalAccess:
    """Whether the person sees all published exchanges of the client or those with themselves only."""
    record("update_portal_access", by=by, subject=access, client_id=access.client_id, name=access.told_as)
    access = _locked(access, by=by)
    access.sees_colleagues = sees_colleagues
    access.save(update_fields=["sees_colleagues"])
    return access


@transaction.atomic
def update_portal_settings(*, by: Membership, version: int, **changes) -> PortalSettings:
    """The pieces of the portal that an organization turns on and off, its words of welcome and its terms."""
    record("update_portal_settings", by=by)
    PortalSettings.objects.get_or_create(organization_id=by.organization_id)
    choices = PortalSettings.objects.select_for_update().get(organization_id=by.organization_id)
    if choices.version != version:
        from entregent.organizations.journal import stale

        raise stale(choices, organization=by.organization)
    refusals = [
        too_long(name, _label(name), most)
        for name, most in (("welcome_fr", 1000), ("welcome_en", 1000), ("terms_fr", 20000), ("terms_en", 20000))
        if len(changes.get(name, "")) > most
    ]
    days = changes.get("temporary_days", choices.temporary_days)
    if not 1 <= days <= 365:
        refusals.append(Refusal("E-003-DAYS", _("De 1 à 365 jours."), field="temporary_days"))
    if refusals:
        raise Refusals(refusals)
    for name, value in changes.items():
        setattr(choices, name, value)
    choices.version += 1
    choices.save()
    return choices


# What the person does


def _label(name: str) -> str:
    field: Any = PortalSettings._meta.get_field(name)
    return str(field.verbose_name).capitalize()


def find_invitation(token: str) -> PortalAccess | None:
    """The access that the token of an invitation stands for, or None: wrong, too old, used, suspended, taken away.

    The token carries its organization, inside whose wall the secret is looked for.
    """
    number, _separator, secret = token.partition("-")
    if not (number.isascii() and number.isdigit()) or len(number) > 18 or not secret:
        return None
    with in_organization(int(number)):
        return _invited(int(number), secret).select_related("person", "client", "organization").first()


@transaction.atomic
def activate_access(
    token: str, *, user: User | None = None, name: str = "", password: str = "", consents: bool = False
) -> PortalAccess:
    """Accepts an invitation: with the account `user` (signed in), else by a new account with name and password.

    The address of a new account is that of the invitation, which the link has proven. The link is void from then on.
    """
    number, _separator, secret = token.partition("-")
    if find_invitation(token) is None:
        raise invitation_refused()
    with in_organization(int(number)):
        access = (
            _invited(int(number), secret)
            .select_for_update(of=("self",))
            .select_related("person", "client", "organization")
            .first()
        )
        if access is None:  # Somebody used the link between the first look and the lock.
            raise invitation_refused()
        if not consents:
            message = _("Acceptez les conditions d'utilisation pour continuer.")
            raise Refusal("E-003-CONSENT", message, field="consents")
        if user is None:
            user = account_of_invited(email=access.email, language=access.language, name=name, password=password)
        access.user = user
        record(
            "activate_portal_access", by=access, subject=access, client_id=access.client_id, name=access.told_as,
            email=user.email,
        )  # fmt: skip
        access.state, access.digest = PortalAccess.State.ACTIVE, ""
        access.activated_at = access.consent_at = timezone.now()
        access.save(update_fields=["user", "state", "digest", "activated_at", "consent_at"])
        _tell_members(access)
    return access


@transaction.atomic
def choose_subscriptions(*, access: PortalAccess, events: Iterable[str], language: str) -> PortalAccess:
    """What somebody at the client wants to be told of by mail, and in which language."""
    record("choose_portal_subscriptions", by=access, subject=access, client_id=access.client_id)
    access = _locked(access, by=access)
    if language not in User.Language.values:
        raise Refusal("E-CHOICE", _("Choisissez une valeur de la liste."), field="language")
    chosen = set(events)
    access.subscriptions = [event for event in PortalEvent.values if event in chosen]
    access.language = language
    access.save(update_fields=["subscriptions", "language"])
    return access


def seen_now(access: PortalAccess) -> None:
    """When somebody with access was last there; written at most every ten minutes."""
    PortalVisit.objects.bulk_create(
        [PortalVisit(organization_id=access.organization_id, access_id=access.pk, last_seen_at=timezone.now())],
        ignore_conflicts=True,
    )
    PortalVisit.objects.filter(access_id=access.pk, last_seen_at__lt=timezone.now() - timedelta(minutes=10)).update(
        last_seen_at=timezone.now()
    )


# When the person or the tie goes


def close_of_person(person: Person, *, by) -> None:
    """A person who is deleted is let in no more (R004-16)."""
    _close(PortalAccess.objects.open().filter(organization_id=by.organization_id, person=person))


def close_untied(client: Client, *, by, what: str) -> None:
    """Somebody who no longer stands for the client has no more access for it."""
    if what == "detach_person":
        tied = ClientPerson.objects.filter(client=client).values("person_id")
        _close(
            PortalAccess.objects.open()
            .filter(organization_id=by.organization_id, client=client)
            .exclude(person_id__in=tied)
        )


def invitation_refused() -> Refusal:
    return Refusal(
        "E-INVITATION",
        _("Ce lien d'invitation n'est plus valable. Demandez-en un autre à l'organisation qui vous l'a envoyé."),
        status=410,
    )


def _tell_members(access: PortalAccess) -> None:
    """Who is told that somebody has registered, as the organization has set it (R004-30)."""
    organization = access.organization
    if access.client is not None:
        url = reverse("interactions:client_portal", args=[organization.slug, access.client.number])
    else:
        url = reverse("interactions:person_portal", args=[organization.slug, access.person_id])
    notify(
        organization=organization,
        event=PORTAL_REGISTERED,
        users=subscribers(organization, PORTAL_REGISTERED, access.client_id),
        client_id=access.client_id,
        subject_record=access,
        url=url,
        words={"name": access.told_as},
    )


def _invited(organization_id: int, secret: str) -> QuerySet[PortalAccess]:
    return (
        PortalAccess.objects.standing()
        .filter(
            organization_id=organization_id,
            organization__modules__contains=[Module.PORTAL],
            state=PortalAccess.State.INVITED,
            digest=digest_of(secret),
        )
        .exclude(digest="")
        .filter(invitation_ends_at__gt=timezone.now())
    )


def _standing(person: Person, client: Client | None, *, by: Membership) -> tuple[Person, Client | None]:
    """The person, locked, at the client: who is deleted, of another organization or not tied is not found."""
    found = (
        Person.objects.select_for_update()
        .filter(pk=person.pk, organization_id=by.organization_id, deleted_at__isnull=True)
        .first()
    )
    if found is None:
        raise NotFound
    if client is None:
        if ClientPerson.objects.filter(person=found, client__deleted_at__isnull=True).exists():
            message = _("Choisissez le client pour lequel cette personne aura accès.")
            raise Refusal("E-003-ACCESS", message, field="client")
        return found, None
    tied = ClientPerson.objects.filter(person=found, client=client, client__deleted_at__isnull=True)
    if client.organization_id != by.organization_id or not tied.exists():
        raise NotFound
    return found, client


def _address(person: Person, email: str) -> str:
    address = (email or person.main_email).strip()
    if address not in person.emails:
        address = next((one for one in person.emails if one.lower() == address.lower()), "")
    try:
        validate_email(address)
    except ValidationError:
        message = _("Cette personne n'a pas d'adresse de courriel : indiquez-en une sur sa fiche.")
        raise Refusal("E-003-ADDRESS", message, field="email") from None
    return address


def _locked(access: PortalAccess, *, by) -> PortalAccess:
    current = (
        PortalAccess.objects.open()
        .select_for_update(of=("self",))
        .select_related("person", "client")
        .filter(pk=access.pk, organization_id=by.organization_id)
        .first()
    )
    if current is None:
        raise NotFound
    return current


def _close(accesses: QuerySet[PortalAccess]) -> None:
    accesses.update(state=PortalAccess.State.CLOSED, digest="")


def _send_invitation(access: PortalAccess, url: str, *, by: Membership) -> None:
    organization = by.organization
    with translation.override(access.language):
        words = {"organization": organization.name, "name": access.person.full_name, "days": INVITATION_DAYS}
        send_mail(
            organization_id=organization.pk,
            to=[access.email],
            language=access.language,
            subject=_("%(organization)s vous ouvre son portail client") % words,
            paragraphs=[
                _("Bonjour %(name)s,") % words,
                _(
                    "%(organization)s vous ouvre son portail client : vous y suivez vos échanges, y écrivez et y"
                    " trouvez vos documents."
                )
                % words,
                _("Ce lien est valable %(days)s jours et sert une seule fois.") % words,
            ],
            button=(_("Ouvrir mon accès"), url),
            subject_record=access,
            client_id=access.client_id,
            user_id=by.user_id,
        )
