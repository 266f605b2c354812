"""Topics of an organization: made once from the defaults of its trade, then the administrators' own."""

import re

from django.db import transaction
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.interactions.actions.rules import clean_line, refuse
from entregent.interactions.defaults import topics_of_trade
from entregent.interactions.models import Topic
from entregent.organizations.journal import stale
from entregent.organizations.models import Organization
from entregent.toolbox.errors import NotFound, Refusal, required, too_long
from entregent.toolbox.text import search_key


def seed_topics(organization: Organization) -> None:
    """The topics that an organization of this trade starts with; one that is there already stays as it is."""
    Topic.objects.bulk_create(
        [
            Topic(organization=organization, code=code, label_fr=french, label_en=english, position=position * 10)
            for position, (code, french, english) in enumerate(topics_of_trade(organization.trade), start=1)
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def create_topic(
    *, by, label_fr: str, label_en: str, code: str = "", applies_to=(), position: int | None = None
) -> Topic:
    """Adds a topic, offered at once. Refuses a missing label and a code that is taken; without one it is made."""
    record("create_topic", by=by, label_fr=label_fr, label_en=label_en)
    label_fr, label_en = _labels(label_fr, label_en)
    code = clean_line(code) or _free_code(by.organization_id, label_fr)
    if Topic.objects.filter(organization_id=by.organization_id, code=code).exists():
        raise Refusal("E-003-TOPIC-CODE", _("Ce code est déjà utilisé."), field="code")
    if position is None:
        last = Topic.objects.filter(organization_id=by.organization_id).order_by("-position").first()
        position = last.position + 10 if last else 10
    return Topic.objects.create(
        organization_id=by.organization_id,
        code=code,
        label_fr=label_fr,
        label_en=label_en,
        applies_to=list(applies_to),
        position=position,
    )


@transaction.atomic
def update_topic(topic: Topic, *, by, version: int, **changes) -> Topic:
    """Renames, orders, offers or stops offering a topic. One that is no longer offered stays displayed (R003-09)."""
    record("update_topic", by=by, subject=topic, label_fr=topic.label_fr, label_en=topic.label_en)
    current = Topic.objects.select_for_update().filter(pk=topic.pk, organization_id=by.organization_id).first()
    if current is None:
        raise NotFound
    if current.version != version:
        raise stale(current, organization=by.organization)
    label_fr, label_en = _labels(changes.pop("label_fr", current.label_fr), changes.pop("label_en", current.label_en))
    current.label_fr, current.label_en = label_fr, label_en
    for name in ("applies_to", "position", "is_active"):
        if name in changes:
            setattr(current, name, changes.pop(name))
    if changes:
        raise TypeError(f"update_topic has no {sorted(changes)}")
    current.version += 1
    current.save()
    return current


def _labels(french: str, english: str) -> tuple[str, str]:
    french, english = clean_line(french), clean_line(english)
    refusals = []
    for field, label, text in (
        ("label_fr", _("Libellé français"), french),
        ("label_en", _("Libellé anglais"), english),
    ):
        if not text:
            refusals.append(required(field, label))
        elif len(text) > 60:
            refusals.append(too_long(field, label, 60))
    refuse(refusals)
    return french, english


def _free_code(organization_id: int, label: str) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", search_key(label)).strip("-")[:34] or "rubrique"
    taken = set(
        Topic.objects.filter(organization_id=organization_id, code__startswith=stem).values_list("code", flat=True)
    )
    taken.add("nouvelle")  # The address of the page that adds one.
    if stem not in taken:
        return stem
    return next(f"{stem}-{n}" for n in range(2, 10_000) if f"{stem}-{n}" not in taken)
