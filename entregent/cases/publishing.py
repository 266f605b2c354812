"""What a contact brings into a case: the difference between the two, and putting it there (R001-21, invariant 14).

Only what is missing is added; nothing that stands in the case is changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from entregent.cases.models import Case, CaseAgent, CaseDocument, CaseObject, CaseParticipant
from entregent.interactions.models import EntryAttachment, Interaction, InteractionAgent

TITLE_AT_MOST = 200


@dataclass(frozen=True)
class Part:
    """One kind of what a contact has: what the case lacks, and what it has already."""

    added: Sequence[Any] = ()
    there: Sequence[Any] = ()


@dataclass(frozen=True)
class Difference:
    """What attaching a contact would add. The members are rows of the contact: participants, agents, objects, files."""

    participants: Part = field(default_factory=Part)
    agents: Part = field(default_factory=Part)
    objects: Part = field(default_factory=Part)
    files: Part = field(default_factory=Part)
    is_attached: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.participants, self.agents, self.objects, self.files)

    @property
    def added(self) -> int:
        return sum(len(part.added) for part in self.parts)

    @property
    def there(self) -> int:
        return sum(len(part.there) for part in self.parts)


def difference(case: Case, interaction: Interaction) -> Difference:
    """What of the contact the case lacks, and what it has."""
    parties = set(case.participants.values_list("client_id", "person_id"))
    users = set(case.agents.values_list("user_id", flat=True))
    objects = set(case.objects_linked.values_list("object_id", flat=True))
    files = set(CaseDocument.with_removed.filter(case=case).values_list("file_id", flat=True))
    return Difference(
        participants=_part(
            interaction.participants.select_related("client", "person").order_by("id"),
            lambda row: (row.client_id, row.person_id) in parties,
        ),
        agents=_part(interaction.agents.select_related("user").order_by("id"), lambda row: row.user_id in users),
        objects=_part(
            interaction.objects_linked.select_related("object__type")
            .filter(object__deleted_at__isnull=True)
            .order_by("id"),
            lambda row: row.object_id in objects,
        ),
        files=_part(attachments_of(interaction), lambda row: row.file_id in files),
        is_attached=case.contacts.filter(interaction=interaction).exists(),
    )


def attachments_of(interaction: Interaction):
    """The files of its entries, each once."""
    return (
        EntryAttachment.objects.filter(entry__interaction=interaction, file__removed_at__isnull=True)
        .select_related("file")
        .order_by("file_id", "id")
        .distinct("file_id")
    )


def bring(case: Case, interaction: Interaction, *, user) -> dict[str, list[int]]:
    """Puts into the case what it lacks of the contact; gives the ids of the rows that were added, by kind."""
    missing = difference(case, interaction)
    own = {"organization_id": case.organization_id, "case": case}
    participants = CaseParticipant.objects.bulk_create(
        CaseParticipant(**own, client_id=row.client_id, person_id=row.person_id, role=row.role)
        for row in missing.participants.added
    )
    agents = CaseAgent.objects.bulk_create(
        CaseAgent(
            **own,
            user_id=row.user_id,
            # There is one émetteur of a case: that of the contact takes part.
            role=CaseAgent.Role.RESPONSIBLE
            if row.role == InteractionAgent.Role.RESPONSIBLE
            else CaseAgent.Role.PARTICIPANT,
        )
        for row in missing.agents.added
    )
    objects = CaseObject.objects.bulk_create(
        CaseObject(**own, object_id=row.object_id) for row in missing.objects.added
    )
    documents = CaseDocument.objects.bulk_create(
        CaseDocument(**own, file_id=row.file_id, title=row.file.name[:TITLE_AT_MOST], created_by=user)
        for row in missing.files.added
    )
    return {
        "participants": [row.pk for row in participants],
        "agents": [row.pk for row in agents],
        "objects": [row.pk for row in objects],
        "documents": [row.pk for row in documents],
    }


def _part(rows, is_there) -> Part:
    found = list(rows)
    return Part(
        added=[row for row in found if not is_there(row)],
        there=[row for row in found if is_there(row)],
    )
