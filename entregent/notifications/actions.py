"""Telling people, and what they choose to be told."""

from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from entregent.access.scope import reaches_client
from entregent.audit.actions import record
from entregent.notifications.choices import channels, events_for, holders_of
from entregent.notifications.extension_points import About, Event, Mail, all_events, event_named, responsible_finders
from entregent.notifications.models import EventRule, Notification, Preference
from entregent.organizations.models import Membership, effective_grants
from entregent.outbox.actions import send_mail


@transaction.atomic
def notify(
    *,
    organization,
    event: str,
    users: Iterable[int],
    client_id: int | None = None,
    subject_record=None,
    url: str,
    words: dict,
    by=None,
) -> int:
    """Tells `users` (ids) of an event, each as they chose: under the bell, by a mail at once, in the digest.

    Called inside the organization's wall, in the transaction of what happened. `url` is the address of the page where
    it is seen, from the root of the site; `words` plain data for the sentence. Who did it (`by`) is not told; who is no
    member any more, or has it off, neither. A mail leaves only to whom reaches the client now. Says how many were told.
    """
    organization_id = getattr(organization, "pk", organization)
    declared = event_named(event)
    rule = _rule(organization_id, declared)
    if rule is not None and not rule.is_on:
        return 0
    wanted = {user for user in users if user is not None} - {by.user_id if by is not None else None}
    if not wanted:
        return 0
    chosen = {
        preference.user_id: preference
        for preference in Preference.objects.filter(organization_id=organization_id, event=event, user_id__in=wanted)
    }
    members = (
        Membership.objects.active().select_related("user", "organization")
        .filter(organization_id=organization_id, user_id__in=wanted)
    )  # fmt: skip
    told = []
    for member in members:
        in_app, mail = channels(declared, chosen.get(member.user_id))
        if not in_app and mail == Mail.NONE:
            continue
        notification = Notification(
            organization_id=organization_id,
            user_id=member.user_id,
            event=event,
            client_id=client_id,
            subject_type=subject_record._meta.label_lower if subject_record is not None else "",
            subject_id=subject_record.pk if subject_record is not None else None,
            url=url,
            words=words,
            by_name=by.name if by is not None else "",
            in_app=in_app,
            digest=Notification.Digest.PENDING if mail == Mail.DAILY else Notification.Digest.NONE,
        )
        told.append((notification, member, mail))
    Notification.objects.bulk_create([notification for notification, _member, _mail in told])
    at_once = [(notification, member) for notification, member, mail in told if mail == Mail.NOW]
    grants = effective_grants([member for _notification, member in at_once])
    for notification, member in at_once:
        member.reach = member.reach_with(grants[member.pk])
        # What `readable_by` says, asked of the one client.
        if declared.is_for(member) and (client_id is None or reaches_client(member, client_id)):
            _mail_now(notification, member, declared)
    return len(told)


def _mail_now(notification: Notification, member: Membership, event: Event) -> None:
    language = member.user.language
    with translation.override(language):
        sentence = event.sentence(notification.words)
        send_mail(
            organization_id=notification.organization_id,
            to=member.user.email,
            subject=sentence,
            paragraphs=[
                _("Bonjour %(name)s,") % {"name": member.user.name},
                sentence,
                *event.details(notification.words),
            ],
            button=(_("Ouvrir dans Entregent"), f"{settings.PUBLIC_URL}{notification.url}"),
            language=language,
            # No answer by mail: it would be read by nobody who knows what it is about (R003-21).
            subject_record=notification,
            client_id=notification.client_id,
            user_id=member.user_id,
            is_personal=True,
        )


def subscribers(organization, event: str, client_id: int | None = None) -> list[int]:
    """The ids of the users whom an event concerns.

    Of a client: the agent in charge (unless they or the organization want otherwise), who asked for news of all
    clients, and whom the organization named. Of the organization: who holds the event's right. Not narrowed by reach
    here: that is asked when they read, and before a mail leaves.
    """
    organization_id = getattr(organization, "pk", organization)
    declared = event_named(event)
    rule = _rule(organization_id, declared)
    if rule is not None and not rule.is_on:
        return []
    chosen = dict(
        Preference.objects.filter(organization_id=organization_id, event=event).values_list("user_id", "scope")
    )
    users: set[int] = {user for user, scope in chosen.items() if scope == Preference.Scope.ALL}
    if rule is not None:
        users |= set(rule.also)
    if declared.about == About.ORGANIZATION:
        holders = holders_of(organization_id, declared.right)
        users |= {user for user in holders if chosen.get(user) != Preference.Scope.NONE}
    elif declared.about == About.CLIENT and client_id is not None and (rule is None or rule.tells_responsible):
        in_charge = {user for find in responsible_finders for user in find(client_id)}
        users |= {user for user in in_charge if chosen.get(user) != Preference.Scope.NONE}
    return sorted(users)


def _rule(organization_id: int, event: Event) -> EventRule | None:
    if not event.by_settings:
        return None
    return EventRule.objects.filter(organization_id=organization_id, event=event.code).first()


@transaction.atomic
def mark_read(*, by: Membership, ids: Iterable[int] | None = None) -> int:
    """Some of one's own notifications are read, or all of them. No journal: it changes nothing that others see."""
    mine = Notification.objects.filter(
        organization_id=by.organization_id, user_id=by.user_id, in_app=True, read_at__isnull=True
    )
    if ids is not None:
        mine = mine.filter(pk__in=list(ids))
    return mine.update(read_at=timezone.now())


@transaction.atomic
def set_event_rules(*, by: Membership, rules: dict[str, dict]) -> None:
    """What the organization says of its events (R004-30): {event: {"is_on", "tells_responsible", "also": user ids}}."""
    record("set_event_rules", by=by)
    known = {event.code for event in all_events().values() if event.by_settings}
    members = set(
        Membership.objects.active().filter(organization_id=by.organization_id).values_list("user_id", flat=True)
    )
    for code, rule in rules.items():
        if code not in known:
            raise ValueError(f"not an event that an organization sets: {code!r}")
        wanted = {
            "is_on": bool(rule["is_on"]),
            "tells_responsible": bool(rule["tells_responsible"]),
            "also": sorted(set(rule["also"]) & members),
        }
        current = EventRule.objects.filter(organization_id=by.organization_id, event=code).first()
        if current is None:
            EventRule.objects.create(organization_id=by.organization_id, event=code, **wanted)
        elif any(getattr(current, name) != value for name, value in wanted.items()):
            EventRule.objects.filter(pk=current.pk).update(**wanted)


@transaction.atomic
def set_preferences(*, by: Membership, choices: dict[str, dict]) -> None:
    """What the member wants to be told: {event: {"scope", "in_app", "mail"}}."""
    record("set_preferences", by=by)
    known = {event.code: event for event in events_for(by)}
    for code, choice in choices.items():
        event = known.get(code)
        if event is None or choice["mail"] not in set(Mail) or choice["scope"] not in Preference.Scope.values:
            raise ValueError(f"not a choice for {code!r}: {choice!r}")
        wanted = {"scope": str(choice["scope"]), "in_app": bool(choice["in_app"]), "mail": str(choice["mail"])}
        key = {"organization_id": by.organization_id, "user_id": by.user_id, "event": code}
        current = Preference.objects.filter(**key).first()
        if current is None:
            Preference.objects.create(**key, **wanted)
        elif any(getattr(current, name) != value for name, value in wanted.items()):
            Preference.objects.filter(pk=current.pk).update(**wanted)
