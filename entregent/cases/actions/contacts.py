"""Contacts in a case: attached, taken out again, split into a case of their own (R001-21)."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.cases.actions.opening import delete_case, open_case_from
from entregent.cases.actions.rules import actor, journal, locked, locked_open, may_hold, of_another
from entregent.cases.actions.states import work_open_on
from entregent.cases.extension_points import CONTACT_ATTACHED, tell
from entregent.cases.models import (
    Case,
    CaseAgent,
    CaseDocument,
    CaseInteraction,
    CaseLink,
    CaseLogEntry,
    CaseObject,
    CaseParticipant,
    CaseType,
)
from entregent.cases.publishing import bring
from entregent.interactions.models import EntryAttachment, Interaction
from entregent.toolbox.errors import NotFound, Refusal


@transaction.atomic
def attach_interaction(case: Case, interaction: Interaction, *, by) -> CaseInteraction:
    """« Déplacer vers dossier »: puts a contact into a case, with what the case lacks of it; nothing that stands there
    is changed, and asking twice changes nothing. Refuses a closed case, and one of another client."""
    who = actor(by, case.organization)
    journal("attach_interaction", case, who, other=interaction.number)
    current = locked(case, by=who)
    known = CaseInteraction.objects.filter(case=current, interaction=interaction).first()
    if known is not None:
        return known
    locked_open(current, by=who)
    if not may_hold(current, client=interaction.client, person=interaction.person):
        raise of_another()
    link = CaseInteraction.objects.create(
        organization_id=current.organization_id,
        case=current,
        interaction=interaction,
        added=bring(current, interaction, user=who.user),
        attached_by=who.user,
    )
    tell(CONTACT_ATTACHED, current, by)
    return link


@transaction.atomic
def detach_interaction(case: Case, interaction: Interaction, *, by) -> None:
    """Takes a contact out of a case again, with what came with it and nothing else; twice changes nothing.

    What another contact of the case has as well stays, and goes with that one later. So do the responsible of the case
    and a client of whom an object was added by hand. Refuses on a closed case.
    """
    who = actor(by, case.organization)
    journal("detach_interaction", case, who, other=interaction.number)
    current = locked(case, by=who)
    link = CaseInteraction.objects.filter(case=current, interaction=interaction).first()
    if link is None:
        return
    locked_open(current, by=who)
    _take_back(current, link)
    link.delete()


@transaction.atomic
def split_interaction(
    case: Case, interaction: Interaction, *, by, case_type: CaseType | str | None = None, title: str = ""
) -> Case:
    """Takes a contact out of a case and opens one of its own from it; the two are linked. Given back: the new one."""
    journal("split_interaction", case, by, other=interaction.number)
    current = locked_open(case, by=by)
    if not CaseInteraction.objects.filter(case=current, interaction=interaction).exists():
        raise NotFound
    detach_interaction(current, interaction, by=by)
    made = open_case_from(
        interaction,
        by=by,
        case_type=case_type or current.case_type,
        title=title,
        is_confidential=current.is_confidential,
    )
    CaseLink.objects.get_or_create(
        organization_id=current.organization_id, case=current, other=made, defaults={"created_by": by.user}
    )
    for one, other, is_new in ((current, made, False), (made, current, True)):
        CaseLogEntry.objects.create(
            organization_id=current.organization_id,
            case=one,
            kind=CaseLogEntry.Kind.SPLIT,
            data={"case": other.pk, "number": other.number, "interaction": interaction.number, "is_new": is_new},
            author=by.user,
        )
    return made


@transaction.atomic
def undo_split(case: Case, *, by) -> Case:
    """Puts the contact back into the case from which it was split and takes `case`, its own one, away again. Given
    back: the first one. Refuses where either is closed, or where anything but the contact has come to
    `case`."""
    journal("undo_split", case, by)
    current = locked_open(case, by=by)
    entry = current.log.filter(kind=CaseLogEntry.Kind.SPLIT, data__is_new=True).order_by("-id").first()
    first = (
        Case.objects.visible_to(by, Right.CASE_EDIT).filter(pk=entry.data["case"]).first()
        if entry is not None
        else None
    )
    contacts = list(current.contacts.select_related("interaction__client", "interaction__person")[:2])
    if entry is None or first is None:
        raise NotFound
    if len(contacts) != 1 or _was_used(current, contacts[0]):
        raise Refusal("E-001-CASE-USED", _("Ce dossier a servi depuis : déplacez ses contacts un à un."), status=409)
    attach_interaction(first, contacts[0].interaction, by=by)
    first.log.filter(kind=CaseLogEntry.Kind.SPLIT, data__case=current.pk).delete()
    delete_case(current, by=by)
    return first


def _was_used(case: Case, link: CaseInteraction) -> bool:
    """Whether anything stands in the case that did not come with this contact: it would be lost with the case."""
    return (
        case.log.filter(kind=CaseLogEntry.Kind.NOTE).exists()
        or case.tasks.exists()
        or case.reminders.exists()
        or case.documents.exclude(pk__in=link.added.get("documents", ())).exists()
        or bool(work_open_on(case))
    )


def _take_back(case: Case, link: CaseInteraction) -> None:
    """Removes the rows that came with a contact, unless something else still needs them."""
    others = list(case.contacts.exclude(pk=link.pk).order_by("id"))
    ids = [one.interaction_id for one in others]
    came = {kind: set(link.added.get(kind, ())) for kind in ("participants", "agents", "objects", "documents")}

    objects = CaseObject.objects.filter(case=case, pk__in=came["objects"]).select_related("object")
    kept = _shared(others, objects, "objects", _pairs("objects_linked", ids, "object_id"), lambda row: row.object_id)
    gone = [row for row in objects if row.pk not in kept and row.object_id != case.contract_id]
    CaseObject.objects.filter(pk__in=[row.pk for row in gone]).delete()

    held = set(CaseObject.objects.filter(case=case).values_list("object__client_id", flat=True))
    parties = CaseParticipant.objects.filter(case=case, pk__in=came["participants"])
    kept = _shared(
        others,
        parties,
        "participants",
        _pairs("participants", ids, "client_id", "person_id"),
        lambda row: (row.client_id, row.person_id),
    )
    gone_parties = [
        row.pk
        for row in parties
        if row.pk not in kept and row.client_id != case.client_id and row.client_id not in held
    ]
    CaseParticipant.objects.filter(pk__in=gone_parties).delete()

    agents = CaseAgent.objects.filter(case=case, pk__in=came["agents"]).exclude(role=CaseAgent.Role.ORIGINATOR)
    kept = _shared(others, agents, "agents", _pairs("agents", ids, "user_id"), lambda row: row.user_id)
    CaseAgent.objects.filter(
        pk__in=[row.pk for row in agents if row.pk not in kept and row.user_id != case.responsible_id]
    ).delete()

    # A document of which newer versions were made here stays with them.
    documents = CaseDocument.with_removed.filter(case=case, pk__in=came["documents"], newer__isnull=True)
    files = {
        (interaction, file)
        for interaction, file in EntryAttachment.objects.filter(entry__interaction_id__in=ids).values_list(
            "entry__interaction_id", "file_id"
        )
    }
    kept = _shared(others, documents, "documents", files, lambda row: row.file_id)
    CaseDocument.with_removed.filter(pk__in=[row.pk for row in documents if row.pk not in kept]).delete()


def _pairs(relation: str, interactions: list[int], *columns: str) -> set[tuple[int, Any]]:
    """(contact, what it has) of the contacts that stay."""
    model: Any = Interaction._meta.get_field(relation).related_model
    rows = model.objects.filter(interaction_id__in=interactions).values_list("interaction_id", *columns)
    return {(row[0], row[1] if len(columns) == 1 else tuple(row[1:])) for row in rows}


def _shared(others: list[CaseInteraction], rows, kind: str, pairs: set, what) -> set[int]:
    """The rows that a contact which stays has as well; from now on they go with that one."""
    kept: set[int] = set()
    for row in rows:
        heir = next((one for one in others if (one.interaction_id, what(row)) in pairs), None)
        if heir is None:
            continue
        kept.add(row.pk)
        heir.added = {**heir.added, kind: [*heir.added.get(kind, ()), row.pk]}
        heir.save(update_fields=["added"])
    return kept
