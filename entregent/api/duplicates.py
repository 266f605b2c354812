"""Possible duplicates: the rules, the search, « pas un doublon »; merges, and taking one back."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.bulk import JobOut
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import created_once, tag, version_asked
from entregent.api.schemas import Given, Nothing, Page
from entregent.clients import actions
from entregent.clients.duplicate_models import DuplicatePair, Merge, PersonMerge, PersonPair
from entregent.clients.duplicates import CRITERIA, rules_of
from entregent.clients.merges import merge_of_clients, merge_of_people, merges_of_clients, merges_of_people
from entregent.clients.merging import UndoPlan, plan_undo
from entregent.clients.models import Client, Person
from entregent.jobs.models import Job
from entregent.organizations.models import Membership
from entregent.toolbox.errors import Refusal

router = Router(tags=["duplicates"])

Points = Annotated[int, Field(ge=0, le=100)]
_WEIGHTS = {"name": 50, "phone": 35, "email": 40}


class DuplicateRulesOut(Schema):
    weights: dict[str, int] = Field(description="Points of each criterion.", examples=[_WEIGHTS])
    threshold: int = Field(description="From so many points on, the search and imports take two clients for one.")
    hint_threshold: int = Field(description="From so many points on, whoever types is told.")


class DuplicateRulesPatch(Given):
    """Only what is given is changed; of `weights` those that are named."""

    weights: dict[str, Points] | None = Field(None, examples=[_WEIGHTS])
    threshold: Points | None = None
    hint_threshold: Points | None = None


class ClientPairIn(Given):
    first: str = Field(max_length=40, examples=["100482"], description="Number of a client.")
    second: str = Field(max_length=40, examples=["100483"], description="Number of the other.")


class PersonPairIn(Given):
    first: int = Field(description="Id of a person.", ge=1, le=2**62)
    second: int = Field(description="Id of the other.", ge=1, le=2**62)


class ClientSide(Schema):
    number: str
    name: str


class PersonSide(Schema):
    id: int
    name: str


class ClientPairOut(Schema):
    first: ClientSide
    second: ClientSide
    score: int
    reasons: list[str] = Field(examples=[["name", "phone"]])


class PersonPairOut(Schema):
    first: PersonSide
    second: PersonSide
    score: int
    reasons: list[str] = Field(examples=[["name", "email"]])


class ClientPairPage(Page):
    items: list[ClientPairOut]


class PersonPairPage(Page):
    items: list[PersonPairOut]


class MergeAbout(Schema):
    id: int
    merged_at: datetime
    merged_by: str | None = Field(description="E-mail address.")
    undone_at: datetime | None
    undone_by: str | None = Field(description="E-mail address.")


class ClientMergeOut(MergeAbout):
    winner: ClientSide = Field(description="The client that remained.")
    loser: ClientSide = Field(description="The one that became a part of it.")


class PersonMergeOut(MergeAbout):
    winner: PersonSide
    loser: PersonSide


class ClientMergePage(Page):
    items: list[ClientMergeOut]


class PersonMergePage(Page):
    items: list[PersonMergeOut]


class ChangeOut(Schema):
    field: str
    before: str
    now: str


class ConflictOut(Schema):
    """Something that the merge moved or changed and that was changed again since."""

    key: str = Field(examples=["field:name"], description="By which `answers` of the undoing name it.")
    kind: Literal["field", "edited", "deleted", "elsewhere"]
    label: str
    changes: list[ChangeOut]


class MadeOut(Schema):
    key: str = Field(examples=["made:interactions_interaction:4711"])
    label: str


class UndoOut(Schema):
    """What undoing the merge would do now."""

    goes_back: list[str] = Field(description="What goes back to the other, in words.")
    conflicts: list[ConflictOut]
    made_since: list[MadeOut] = Field(description="What came since: it stays unless an answer gives it to the other.")
    more_since: int = Field(description="How many more came since, of which nothing can be said here: they stay.")
    token: str = Field(description="Of what is told here: give it back with the answers.")

    @classmethod
    def of(cls, plan: UndoPlan) -> "UndoOut":
        conflicts = [
            ConflictOut(
                key=one.key, kind="field", label=one.label,
                changes=[ChangeOut(field=one.code, before=one.before, now=one.now)],
            )
            for one in plan.fields
        ]  # fmt: skip
        conflicts += [
            ConflictOut(
                key=one.key, kind=one.kind, label=_named(one), changes=[  # type: ignore[arg-type]
                    ChangeOut(field=field, before=before, now=now) for field, before, now in one.lines
                ],
            )
            for one in plan.rows
        ]  # fmt: skip
        return cls(
            goes_back=plan.goes_back, conflicts=conflicts, token=plan.token,
            made_since=[MadeOut(key=one.key, label=_named(one)) for one in plan.made],
            more_since=sum(one.number for one in plan.more),
        )  # fmt: skip


class ClientMergeDetail(ClientMergeOut):
    undoing: UndoOut | None = Field(description="null: it is undone.")


class PersonMergeDetail(PersonMergeOut):
    undoing: UndoOut | None = Field(description="null: it is undone.")


class UndoIn(Given):
    token: str | None = Field(None, max_length=64, description="Needed where there is something to choose.")
    answers: dict[str, Literal["keep", "give"]] = Field(
        {}, examples=[{"field:name": "keep"}],
        description="By the keys of conflicts and of what came since: `keep` on the one that remained, or `give` back.",
    )  # fmt: skip


def _named(one: Any) -> str:
    return f"{one.what} {one.name}".strip()


# ——— The rules ———


def _told_rules(member: Membership, response: HttpResponse) -> DuplicateRulesOut:
    rules = rules_of(member.organization_id)
    # Rules that nobody has set yet have the version 0, which `If-Match` cannot name.
    tag(response, rules.version + 1)
    return DuplicateRulesOut(
        weights=dict(rules.weights), threshold=rules.threshold, hint_threshold=rules.hint_threshold
    )


@router.get("/duplicate-rules", response=DuplicateRulesOut, summary="What makes two clients possible duplicates")
@operation(Right.SETTINGS)
def get_duplicate_rules(request: MemberRequest, response: HttpResponse):
    return _told_rules(request.member, response)


@router.patch("/duplicate-rules", response=DuplicateRulesOut, summary="Change the rules of duplicates")
@operation(Right.SETTINGS)
def patch_duplicate_rules(request: MemberRequest, response: HttpResponse, payload: DuplicateRulesPatch):
    """The pairs that were found stay until the next search."""
    member, version = request.member, version_asked(request)
    standing = rules_of(member.organization_id)
    given = payload.weights or {}
    if not set(given) <= {criterion.code for criterion in CRITERIA}:
        known = ", ".join(criterion.code for criterion in CRITERIA)
        raise Refusal("E-CHOICE", known, field="weights")
    values = {
        name: getattr(standing, name) if getattr(payload, name) is None else getattr(payload, name)
        for name in ("threshold", "hint_threshold")
    }
    actions.set_duplicate_rules(by=member, version=version - 1, weights={**standing.weights, **given}, **values)
    return _told_rules(member, response)


# ——— The pairs that were found ———


def _client_side(client: Client) -> ClientSide:
    return ClientSide(number=client.number, name=client.display_name)


def _person_side(person: Person) -> PersonSide:
    return PersonSide(id=person.pk, name=person.full_name)


def _scan(request: MemberRequest, payload: Nothing, start: Callable[..., Job]) -> Status:
    """The search that was asked for, or the one that is under way. Its figures count records of everybody."""
    member = request.member
    made = created_once(request, payload, lambda: start(by=member))
    told = JobOut.of(Job.objects.get(pk=made, organization_id=member.organization_id))
    if not member.reach.is_whole(Right.CLIENT_VIEW):
        told = told.model_copy(update={"total": None, "done": 0, "counts": {}})
    return Status(202, told)


@router.get("/duplicates/clients", response=ClientPairPage, summary="List clients that may be one, most alike first")
@operation(Right.CLIENT_EDIT)
def list_client_pairs(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    """Those of which you may change both."""
    pairs = DuplicatePair.objects.visible_to(request.member, Right.CLIENT_EDIT).select_related("first", "second")
    items, following = page(pairs, order=["-score", "-id"], cursor=cursor, limit=limit)
    told = [
        ClientPairOut(
            first=_client_side(one.first), second=_client_side(one.second), score=one.score, reasons=one.reasons
        )
        for one in items
    ]
    return ClientPairPage(items=told, next=following)


@router.post("/duplicates/clients/search", response={202: JobOut}, summary="Search all clients for duplicates")
@operation(Right.CLIENT_MERGE)
def post_client_scan(request: MemberRequest, payload: Nothing):
    """While one search is under way, that one is answered."""
    return _scan(request, payload, actions.start_scan)


@router.post("/duplicates/clients/dismissals", response={201: ClientPairIn}, summary="Say that two clients are not one")
@operation(Right.CLIENT_EDIT)
def post_client_dismissal(request: MemberRequest, payload: ClientPairIn):
    """They are never proposed again, until it is taken back."""
    member = request.member

    def make():
        sides = (_client(member, getattr(payload, field), field) for field in ("first", "second"))
        return actions.dismiss_pair(*sides, by=member)

    created_once(request, payload, make)
    return Status(201, payload)


@router.delete(
    "/duplicates/clients/dismissals/{str:first}/{str:second}", response={204: None},
    summary="Let two clients be proposed again",
)  # fmt: skip
@operation(Right.CLIENT_EDIT)
def delete_client_dismissal(request: MemberRequest, first: str, second: str):
    """In either order."""
    member = request.member
    reached = Client.objects.visible_to(member, Right.CLIENT_EDIT)
    actions.propose_pair_again(reached.found(number=first), reached.found(number=second), by=member)
    return Status(204, None)


def _client(member: Membership, number: str, field: str) -> Client:
    found = Client.objects.visible_to(member, Right.CLIENT_EDIT).filter(number=number).first()
    if found is None:
        raise Refusal("E-003-CLIENT", _("Numéro de client inconnu."), field=field)
    return found


@router.get("/duplicates/people", response=PersonPairPage, summary="List people who may be one, most alike first")
@operation(Right.CLIENT_EDIT)
def list_people_pairs(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    """Those of whom you may change both."""
    pairs = PersonPair.objects.visible_to(request.member, Right.CLIENT_EDIT).select_related("first", "second")
    items, following = page(pairs, order=["-score", "-id"], cursor=cursor, limit=limit)
    told = [
        PersonPairOut(
            first=_person_side(one.first), second=_person_side(one.second), score=one.score, reasons=one.reasons
        )
        for one in items
    ]
    return PersonPairPage(items=told, next=following)


@router.post("/duplicates/people/search", response={202: JobOut}, summary="Search all people for duplicates")
@operation(Right.CLIENT_MERGE)
def post_people_scan(request: MemberRequest, payload: Nothing):
    """While one search is under way, that one is answered."""
    return _scan(request, payload, actions.start_people_scan)


@router.post("/duplicates/people/dismissals", response={201: PersonPairIn}, summary="Say that two people are not one")
@operation(Right.CLIENT_EDIT)
def post_people_dismissal(request: MemberRequest, payload: PersonPairIn):
    member = request.member

    def make():
        sides = (_person(member, getattr(payload, field), field) for field in ("first", "second"))
        return actions.dismiss_people(*sides, by=member)

    created_once(request, payload, make)
    return Status(201, payload)


@router.delete(
    "/duplicates/people/dismissals/{int:first}/{int:second}", response={204: None},
    summary="Let two people be proposed again",
)  # fmt: skip
@operation(Right.CLIENT_EDIT)
def delete_people_dismissal(request: MemberRequest, first: int, second: int):
    """In either order; the next search finds them."""
    member = request.member
    reached = Person.objects.visible_to(member, Right.CLIENT_EDIT)
    actions.propose_people_again(reached.found(pk=first), reached.found(pk=second), by=member)
    return Status(204, None)


def _person(member: Membership, pk: int, field: str) -> Person:
    found = Person.objects.visible_to(member, Right.CLIENT_EDIT).filter(pk=pk).first()
    if found is None:
        raise Refusal("E-001-PERSON", _("Personne-ressource inconnue."), field=field)
    return found


# ——— Merges ———


def _about(merge: Merge | PersonMerge) -> dict[str, Any]:
    return {
        "id": merge.pk,
        "merged_at": merge.merged_at,
        "merged_by": merge.merged_by.email if merge.merged_by else None,
        "undone_at": merge.undone_at,
        "undone_by": merge.undone_by.email if merge.undone_by else None,
    }


def _undoing(member: Membership, merge: Merge | PersonMerge) -> UndoOut | None:
    return UndoOut.of(plan_undo(member, merge)) if merge.undone_at is None else None


def _undo(request: MemberRequest, payload: UndoIn, merge: Merge | PersonMerge, act: Callable[..., Any]) -> None:
    """Where there is something to choose, whoever undoes must have read it: the token says so."""
    member = request.member

    def make():
        token = payload.token
        if token is None and merge.undone_at is None:
            token = plan_undo(member, merge).token_without_conflicts
            if token is None:
                sentence = _(
                    "Des modifications ont été faites depuis la fusion : lisez-les, puis redonnez leur « token »."
                )
                raise Refusal("E-MERGE-STALE", sentence, field="token", status=409)
        return act(merge, by=member, answers=payload.answers, token=token)

    created_once(request, payload, make)


def _client_merge(merge: Merge) -> dict[str, Any]:
    return {**_about(merge), "winner": _client_side(merge.winner), "loser": _client_side(merge.loser)}


def _person_merge(merge: PersonMerge) -> dict[str, Any]:
    return {**_about(merge), "winner": _person_side(merge.winner), "loser": _person_side(merge.loser)}


_NAMED = ("winner", "loser", "merged_by", "undone_by")


@router.get("/merges/clients", response=ClientMergePage, summary="List merges of clients, newest first")
@operation(Right.CLIENT_VIEW)
def list_client_merges(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    merges = merges_of_clients(request.member).select_related(*_NAMED)
    items, following = page(merges, order=["-id"], cursor=cursor, limit=limit)
    return ClientMergePage(items=[ClientMergeOut(**_client_merge(one)) for one in items], next=following)


@router.get("/merges/clients/{int:merge_id}", response=ClientMergeDetail, summary="What undoing a merge would do")
@operation(Right.CLIENT_MERGE)
def get_client_merge(request: MemberRequest, merge_id: int):
    merge = merge_of_clients(request.member, merge_id)
    return ClientMergeDetail(**_client_merge(merge), undoing=_undoing(request.member, merge))


@router.post("/merges/clients/{int:merge_id}/undo", response=ClientMergeOut, summary="Take a merge of clients back")
@operation(Right.CLIENT_MERGE)
def post_client_undo(request: MemberRequest, merge_id: int, payload: UndoIn):
    """Without an answer fields stay, what was moved goes back, and what came since stays."""
    _undo(request, payload, merge_of_clients(request.member, merge_id), actions.undo_merge)
    return ClientMergeOut(**_client_merge(merge_of_clients(request.member, merge_id)))


@router.get("/merges/people", response=PersonMergePage, summary="List merges of people, newest first")
@operation(Right.CLIENT_VIEW)
def list_people_merges(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    merges = merges_of_people(request.member).select_related(*_NAMED)
    items, following = page(merges, order=["-id"], cursor=cursor, limit=limit)
    return PersonMergePage(items=[PersonMergeOut(**_person_merge(one)) for one in items], next=following)


@router.get("/merges/people/{int:merge_id}", response=PersonMergeDetail, summary="What undoing it would do")
@operation(Right.CLIENT_MERGE)
def get_people_merge(request: MemberRequest, merge_id: int):
    merge = merge_of_people(request.member, merge_id)
    return PersonMergeDetail(**_person_merge(merge), undoing=_undoing(request.member, merge))


@router.post("/merges/people/{int:merge_id}/undo", response=PersonMergeOut, summary="Take a merge of people back")
@operation(Right.CLIENT_MERGE)
def post_people_undo(request: MemberRequest, merge_id: int, payload: UndoIn):
    """As with clients."""
    _undo(request, payload, merge_of_people(request.member, merge_id), actions.undo_person_merge)
    return PersonMergeOut(**_person_merge(merge_of_people(request.member, merge_id)))
