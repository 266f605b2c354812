"""What holds for a member: what they chose, else what the event says itself."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from entregent.access.rights import Right, roles_with
from entregent.notifications.extension_points import About, Event, Mail, all_events
from entregent.notifications.models import Preference
from entregent.organizations.models import Membership


@dataclass(frozen=True)
class Choice:
    """How one event reaches one member."""

    event: Event
    scope: str
    in_app: bool
    mail: str

    @property
    def has_scope(self) -> bool:
        return self.event.about != About.ONESELF

    def scopes(self) -> list[tuple[str, str]]:
        """Of whose clients; for what concerns the organization, whether at all."""
        if self.event.about == About.ORGANIZATION:
            return [(Preference.Scope.ALL.value, _("Oui")), (Preference.Scope.NONE.value, _("Non"))]
        return [(value, str(label)) for value, label in Preference.Scope.choices]

    def mails(self) -> list[tuple[str, str]]:
        return [
            (Mail.NONE.value, _("Aucun courriel")),
            (Mail.NOW.value, _("Courriel immédiat")),
            (Mail.DAILY.value, _("Résumé quotidien")),
        ]


def default_scope(event: Event) -> str:
    """Without a choice: news of one's own clients; news of the organization to whoever holds the event's right."""
    return Preference.Scope.ALL if event.about == About.ORGANIZATION else Preference.Scope.MINE


def channels(event: Event, preference: Preference | None) -> tuple[bool, str]:
    """(in the application?, by mail how)."""
    if preference is None:
        return event.in_app, event.mail
    return preference.in_app, preference.mail


def events_for(member: Membership) -> list[Event]:
    """The events that the member can be told of, with the rights that they hold."""
    return [event for event in all_events().values() if event.is_for(member)]


def choices_of(member: Membership) -> list[Choice]:
    chosen = {
        preference.event: preference
        for preference in Preference.objects.filter(organization_id=member.organization_id, user_id=member.user_id)
    }
    found = []
    for event in events_for(member):
        preference = chosen.get(event.code)
        in_app, mail = channels(event, preference)
        scope = preference.scope if preference is not None else default_scope(event)
        found.append(Choice(event=event, scope=scope, in_app=in_app, mail=mail))
    return found


def holders_of(organization_id: int, right: Right | None) -> list[int]:
    """The users who hold `right` by their role or by what was added to it: whom news of the organization goes to."""
    members = Membership.objects.active().filter(organization_id=organization_id)
    if right is None:
        return list(members.values_list("user_id", flat=True))
    roles = set(roles_with(right))
    return [
        user
        for user, role, added, removed in members.values_list("user_id", "role", "rights_added", "rights_removed")
        if (role in roles or right in added) and right not in removed
    ]
