"""One conversation as its screen shows it: in few queries, however long it is."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q

from entregent.clients.models import Address
from entregent.interactions.models import EntryAttachment, Interaction, InteractionEntry
from entregent.outbox.models import Message

# Of a long thread the first entry and the last ones are shown; those between when they are asked for.
LAST = 30
# However long a thread, a page shows no more of it at once.
MOST = 1000


@dataclass(slots=True)
class Thread:
    """`folded`: how many entries between the first and the others are not shown."""

    entries: list[InteractionEntry]
    number: int
    folded: int = 0

    @property
    def is_internal(self) -> bool:
        """Nothing of it is communicated to the client. Of what is folded the page says nothing."""
        return bool(self.entries) and not self.folded and all(entry.internal for entry in self.entries)

    @property
    def last_published(self) -> datetime | None:
        return max((entry.published_at for entry in self.entries if entry.published_at is not None), default=None)


def thread_of(interaction: Interaction, *, is_whole: bool = False) -> Thread:
    """The entries in their order, each with its author and files; three queries, however many they are."""
    number = interaction.entries.count()
    shown = interaction.entries.select_related("author").prefetch_related(
        Prefetch("attachments", EntryAttachment.objects.select_related("file"))
    )
    if number <= LAST + 2 or is_whole:
        entries = list(shown.order_by("-seq")[:MOST])[::-1]
        return Thread(entries, len(entries))
    tail = interaction.entries.order_by("-seq").values("pk")[:LAST]
    entries = list(shown.filter(Q(seq=1) | Q(pk__in=tail)).order_by("seq"))
    return Thread(entries, number, number - len(entries))


def mails_about(interaction: Interaction) -> list[Message]:
    """The last mails to the client about it, the newest first."""
    about = Message.objects.filter(
        organization_id=interaction.organization_id,
        subject_type=Interaction._meta.label_lower,
        subject_id=interaction.pk,
    )
    return list(
        about.only("recipients", "subject", "state", "created_at", "sent_at", "error", "client_id").order_by("-id")[:20]
    )


@dataclass(slots=True)
class Facts:
    """What is known of the client by default, beside what holds for this record only."""

    address: Address | None = None
    person_phone: str = ""
    person_email: str = ""


def client_facts(interaction: Interaction) -> Facts:
    facts = Facts()
    if interaction.client_id is not None:
        facts.address = Address.objects.filter(client_id=interaction.client_id).order_by("id").first()
    if interaction.person is not None:
        facts.person_phone, facts.person_email = interaction.person.main_phone, interaction.person.main_email
    return facts
