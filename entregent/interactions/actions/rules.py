"""What several verbs check. Each rule gives the refusals that it finds, so that a person mends them all at once."""

from datetime import date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from django.db.models import Field, TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.models import Change
from entregent.interactions.models import Interaction
from entregent.organizations.models import User
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale, too_long
from entregent.toolbox.text import one_line

NOTES_AT_MOST = 20_000
ENTRY_NAME_AT_MOST = 80
# Clocks of other programs run a little ahead of ours: that is no « future ».
CLOCK_TOLERANCE = timedelta(minutes=1)


def refuse(refusals: list[Refusal]) -> None:
    """Raises what was found: one refusal as itself, several together."""
    if len(refusals) == 1:
        raise refusals[0]
    if refusals:
        raise Refusals(refusals)


def clean_notes(text: str | None) -> str:
    """Line ends made one kind, control characters gone; what remains is text and is never anything else."""
    kept = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(character for character in kept if character in "\n\t" or character >= " ").strip()


def clean_line(text: str | None) -> str:
    return one_line((text or "").replace("\x00", ""))


def length_refusals(values: dict[str, tuple[str, str, int]]) -> list[Refusal]:
    """`values`: field name → (label, text, most characters)."""
    return [too_long(field, label, most) for field, (label, text, most) in values.items() if len(text) > most]


def entry_refusals(*, internal: bool, incoming: bool, notes: str, entry_name: str) -> list[Refusal]:
    refusals = length_refusals(
        {
            "notes": (_("Notes"), notes, NOTES_AT_MOST),
            "entry_name": (_("Nom entrée"), entry_name, ENTRY_NAME_AT_MOST),
        }
    )
    if internal and incoming:
        refusals.append(
            Refusal(
                "E-003-INT-ENT",
                _("Une note interne ne peut pas être communiquée au client : décochez l'une des deux cases."),
                field="visibility",
            )
        )
    return refusals


def date_refusals(*, occurred_at: datetime, follow_up_on: date | None, zone: str) -> list[Refusal]:
    """Not in the future (R003-10); the follow-up not before the day of the interaction, in the organization's zone."""
    refusals = []
    if occurred_at > timezone.now() + CLOCK_TOLERANCE:
        refusals.append(
            Refusal("E-003-FUTURE", _("La date d'interaction ne peut pas être future."), field="occurred_at")
        )
    if follow_up_on is not None and follow_up_on < occurred_at.astimezone(ZoneInfo(zone)).date():
        refusals.append(Refusal("E-003-FOLLOW", _("La date de suivi précède l'interaction."), field="follow_up_on"))
    return refusals


def object_foreign(name: object) -> Refusal:
    return Refusal(
        "E-001-OBJECT",
        _("%(object)s n'appartient pas à ce client / à ce contrat.") % {"object": name},
        field="objects",
    )


def system_refusals(is_system: bool) -> list[Refusal]:
    """What the product wrote itself stays as it was written (R004-20)."""
    if not is_system:
        return []
    return [Refusal("E-004-SYS", _("Cette interaction est produite par le système."), status=403)]


def locked(interaction: Interaction, *, by, version: int | None = None) -> Interaction:
    """The interaction as it stands, locked; NotFound when it is gone, Stale when somebody saved since `version`."""
    current = (
        Interaction.objects.select_for_update(of=("self",))
        .select_related("client", "person", "topic", "organization")
        .filter(pk=interaction.pk, organization_id=by.organization_id, deleted_at__isnull=True)
        .first()
    )
    if current is None:
        raise NotFound
    if version is not None and current.version != version:
        raise stale(current)
    return current


CHOICES: dict[str, type[TextChoices]] = {
    "channel": Interaction.Channel, "direction": Interaction.Direction, "priority": Interaction.Priority,
}  # fmt: skip


def label_of(field: str) -> str:
    """« Objet » for `subject`."""
    return str(cast(Field, Interaction._meta.get_field(field)).verbose_name).capitalize()


def stale(current: Interaction) -> Stale:
    # By its client: that is how the journal's index finds changes of records that hang on one.
    last = (
        Change.objects.filter(table_name=Interaction._meta.db_table, row_id=current.pk, client_id=current.client_id)
        .order_by("-id")
        .values("user_id", "at")
        .first()
    )
    who = User.objects.filter(pk=last["user_id"] or 0).values_list("name", flat=True).first() if last else None
    at = (last["at"] if last else timezone.now()).astimezone(ZoneInfo(current.organization.time_zone))
    return Stale(who=who or _("un autre programme"), when=f"{at:%H:%M}", current=current)
