"""Interactions carry custom fields: notes, calls, messages and the like; never e-mails (R004-19)."""

from django.utils.translation import gettext_lazy as _

from entregent.interactions.models import Interaction
from entregent.listing.extension_points import CustomSubject

Channel = Interaction.Channel
CHANNELS = (
    Channel.PHONE_CALL, Channel.PHONE_MESSAGE, Channel.NOTE, Channel.FRONT_DESK, Channel.LETTER, Channel.WEB,
    Channel.OTHER,
)  # fmt: skip


def channels() -> list[tuple[str, str]]:
    return [(channel.value, str(channel.label)) for channel in CHANNELS]


INTERACTION = CustomSubject(
    "interaction",
    _("Interaction"),
    _("Interactions"),
    "interactions_interaction",
    position=30,
    list_code="interactions",
    index="interactions_index",
    variants=channels,
    usual_variants=(Channel.PHONE_CALL, Channel.PHONE_MESSAGE, Channel.NOTE),
)
