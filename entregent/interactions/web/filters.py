"""The filter of the list of interactions: what stands in the address becomes a question to the database."""

from datetime import date, datetime, time, timedelta
from functools import cached_property
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from entregent.interactions.models import Interaction, InteractionQuerySet, Topic
from entregent.interactions.search import search_interactions
from entregent.organizations.models import Membership
from entregent.toolbox.dates import thirty_days_ago, today_in
from entregent.toolbox.text import as_id

NAMES = ("q", "canal", "rubrique", "agent", "statut", "suivi", "jours", "du", "au")


class InteractionFilter:
    """`?q=&canal=&rubrique=&agent=&statut=&suivi=&jours=30&du=&au=`. A value that means nothing is left out."""

    def __init__(self, query, member):
        self.member = member
        self.zone = ZoneInfo(member.organization.time_zone)
        self.values = {name: query.get(name, "").strip() for name in NAMES}

    def apply(self, records: InteractionQuerySet) -> InteractionQuerySet:
        channel, topic, agent = self.values["canal"], self.values["rubrique"], self.values["agent"]
        if channel in Interaction.Channel.values:
            records = records.filter(channel=channel)
        topic_id = as_id(topic)
        if topic_id is not None:
            records = records.filter(topic_id=topic_id)
        if agent == "moi":
            records = records.filter(created_by_id=self.member.user_id)
        elif as_id(agent) is not None:
            records = records.filter(created_by_id=as_id(agent))
        if self.values["statut"] in Interaction.Status.values:
            records = records.filter(status=self.values["statut"])
        if self.values["suivi"] == "retard":
            records = records.to_follow_up().filter(follow_up_on__lt=today_in(self.member.organization.time_zone))
        elif self.values["suivi"] == "ouvert":
            records = records.to_follow_up()
        if self.values["jours"] == "30":
            records = records.since(thirty_days_ago(self.member.organization.time_zone))
        start, end = _day(self.values["du"]), _day(self.values["au"])
        if start:
            records = records.since(datetime.combine(start, time.min, tzinfo=self.zone))
        if end:
            records = records.filter(
                occurred_at__lt=datetime.combine(end + timedelta(days=1), time.min, tzinfo=self.zone)
            )
        return search_interactions(self.member, records, self.values["q"])

    @property
    def is_on(self) -> bool:
        return any(self.values.values())

    def query(self, **more: str) -> str:
        return urlencode({name: value for name, value in (self.values | more).items() if value})

    @property
    def channels(self) -> list[tuple[str, str]]:
        return [("", _("Tous les canaux")), *((value, str(label)) for value, label in Interaction.Channel.choices)]

    @cached_property
    def topics(self) -> list[tuple[str, str]]:
        topics = Topic.objects.filter(organization_id=self.member.organization_id)
        return [("", _("Toutes les rubriques")), *((str(topic.pk), topic.label) for topic in topics)]

    @cached_property
    def agents(self) -> list[tuple[str, str]]:
        names = (
            Membership.objects.active()
            .filter(organization_id=self.member.organization_id)
            .order_by("user__name", "id")
            .values_list("user_id", "user__name")[:200]
        )
        others = [(str(key), name) for key, name in names if key != self.member.user_id]
        return [("", _("Tous les agents")), ("moi", _("Moi")), *others]

    @property
    def statuses(self) -> list[tuple[str, str]]:
        return [("", _("Tous les statuts")), *((value, str(label)) for value, label in Interaction.Status.choices)]

    @property
    def follow_ups(self) -> list[tuple[str, str]]:
        return [("", _("Avec ou sans suivi")), ("ouvert", _("Suivi à faire")), ("retard", _("Suivi en retard"))]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date(1900, 1, 1) <= day < date(9999, 12, 31) else None
