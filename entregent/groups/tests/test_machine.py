"""Requests for access, approvals, ends, groups, roles and module switches in any order: the invariants of
requirements.md §3.3 hold after each step, and what is refused changes nothing."""

from collections import Counter
from datetime import timedelta

from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from entregent.clients.models import Client
from entregent.clients.reach import reached_clients
from entregent.clients.reach_models import GROUP, ClientReach
from entregent.groups.actions.requests import assign_group, create_group, delete_group, undo_request, update_group
from entregent.groups.models import ClientGroup, GroupAssignment, GroupMember, ProcessingRequest, name_key
from entregent.organizations.models import Grant, Membership, Organization
from entregent.relationships.actions import (
    approve_access,
    cancel_access_request,
    expire_due,
    give_up_relationship,
    reject_access,
    request_access,
    revoke_relationship,
)
from entregent.relationships.models import (
    AccessRequest,
    AccountUser,
    BusinessAccount,
    ProgramAccount,
    Relationship,
    today_of,
)
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from testing.cast import enter, make_client, make_member

CLIENTS, EMPLOYEES = range(5), range(3)
WHO = (*EMPLOYEES, *EMPLOYEES, "boss")
NAMES = ("Est", " est ", "Ouest", "ÉST", "Sud")
some_clients = st.sets(st.sampled_from(CLIENTS), max_size=3)


class Machine(RuleBasedStateMachine):
    """Each run in a savepoint of the test's transaction."""

    organization: Organization
    boss: Membership
    employees: list[Membership]
    happened: Counter[str]

    def __init__(self):
        super().__init__()
        self._whole = transaction.atomic()
        self._whole.__enter__()
        enter(self.boss)
        self.clients, self.owners = [], []
        for n in CLIENTS:
            number = f"{800_000_000 + n}"
            account = BusinessAccount.objects.create(number=number, name=f"Maison {n}")
            client = make_client(self.organization, f"M{n}", f"Maison {n}", business_account=account)
            user = make_member(self.organization, f"o{n}@m.example", f"Dirigeant {n}", "reader").user
            owner = AccountUser.objects.create(account=account, user=user, role="admin")
            for place in range(n):
                ProgramAccount.objects.create(account=account, number=f"{number}RM{place:04}")
            self.clients.append(client)
            self.owners.append(owner)
        for n in CLIENTS[:3]:
            enter(self.boss)
            asked = request_access(by=self.boss, number=self.owners[n].account.number)
            approve_access(asked, by=self.owners[n], level="business")
        enter(self.boss)
        made = create_group(by=self.boss, name="Nord", client_ids=self.ids((0, 1)))
        assign_group(made.group, by=self.boss, user_ids=[self.employees[0].user_id], role="editor")
        self.is_on = True
        self.direct: dict[int, set[int]] = {n: set() for n in EMPLOYEES}
        self.decided: dict[int, str] = {}
        self.done: dict[int, str] = {}

    def teardown(self):
        transaction.set_rollback(True)
        self._whole.__exit__(None, None, None)

    def do(self, action, *given, **named):
        """What is refused leaves everything as it was."""
        enter(self.boss)
        before = self.everything()
        try:
            with transaction.atomic():
                made = action(*given, **named)
            self.happened[action.__name__] += 1
            return made
        except (Refusal, Refusals, NotFound):
            enter(self.boss)
            assert self.everything() == before
            self.happened["refused"] += 1
            return None

    def everything(self):
        return [
            sorted(model.objects.values_list(*names))
            for model, names in (
                (ClientGroup, ("pk", "name", "member_count", "program_count", "deleted_at")),
                (GroupMember, ("pk", "group_id", "client_id", "left_at")),
                (GroupAssignment, ("pk", "group_id", "user_id", "role", "ended_at")),
                (Grant, ("pk", "membership_id", "scope_type", "role")),
                (Relationship, ("pk", "account_id", "state")),
                (AccessRequest, ("pk", "state")),
                (ProcessingRequest, ("pk", "state")),
            )
        ]

    def ids(self, places):
        return [self.clients[n].pk for n in places]

    def holding(self, n):
        return Relationship.objects.filter(account=self.owners[n].account, state="active").first()

    # Requests and relationships

    @rule(n=st.sampled_from(CLIENTS))
    def asks(self, n):
        """With each request the business has one program more."""
        self.happened["program"] += 1
        number = f"{self.owners[n].account.number}RP{self.happened['program']:04}"
        ProgramAccount.objects.create(account=self.owners[n].account, number=number)
        self.do(request_access, by=self.boss, number=self.owners[n].account.number)

    @rule(
        n=st.sampled_from(CLIENTS), days=st.sampled_from([None, 0, 3]), says=st.sampled_from(["yes", "no", "withdrawn"])
    )
    def answers(self, n, days, says):
        enter(self.boss)
        number = self.owners[n].account.number
        for request in AccessRequest.objects.filter(account_number=number).order_by("-pk")[:2]:
            if says == "yes":
                ends_on = None if days is None else today_of(self.organization) + timedelta(days=days)
                programs = list(self.owners[n].account.programs.all()[:2]) if days == 3 else []
                self.do(
                    approve_access, request, by=self.owners[n], ends_on=ends_on, programs=programs,
                    level="program" if programs else "business",
                )  # fmt: skip
            elif says == "no":
                self.do(reject_access, request, by=self.owners[n])
            else:
                self.do(cancel_access_request, request, by=self.boss)

    @rule(n=st.sampled_from(CLIENTS))
    def business_revokes(self, n):
        enter(self.boss)
        if (found := self.holding(n)) is not None:
            self.do(revoke_relationship, found, by=self.owners[n])

    @rule(n=st.sampled_from(CLIENTS))
    def provider_gives_up(self, n):
        enter(self.boss)
        if (found := self.holding(n)) is not None:
            self.do(give_up_relationship, found, by=self.boss)

    @rule(n=st.sampled_from(CLIENTS))
    def last_day_passes(self, n):
        enter(self.boss)
        today = today_of(self.organization)
        Relationship.objects.filter(account=self.owners[n].account, state="active").update(
            starts_on=today - timedelta(days=9), ends_on=today - timedelta(days=1)
        )

    @rule()
    def task_runs(self):
        """And the first program of the last business is no more."""
        enter(self.boss)
        if (last := self.owners[-1].account.programs.first()) is not None:
            last.delete()
        enter(self.boss)
        held = GroupMember.objects.live().count()
        expire_due()
        enter(self.boss)
        self.happened["expired"] += held - GroupMember.objects.live().count()

    # Groups

    @rule(name=st.sampled_from(NAMES), chosen=st.sets(st.sampled_from(CLIENTS[:4]), max_size=2))
    def group_made(self, name, chosen):
        made = self.do(create_group, by=self.boss, name=name, client_ids=self.ids(chosen))
        if made is not None:
            assert made.state == "done"
            assert made.group.members.count() == len(chosen) > 0

    def group(self, which):
        enter(self.boss)
        groups = list(ClientGroup.objects.order_by("pk"))
        return groups[which % len(groups)] if groups else None

    @rule(which=st.integers(0, 9), more=some_clients, less=some_clients, name=st.sampled_from([None, *NAMES]))
    def group_changed(self, which, more, less, name):
        if (group := self.group(which)) is not None:
            self.do(
                update_group, group, by=self.boss, word="CONFIRMER", version=None, add=self.ids(more),
                remove=self.ids(less), name=name,
            )  # fmt: skip

    @rule(which=st.integers(0, 9), word=st.sampled_from(["SUPPRIMER", "supprimer"]))
    def group_deleted(self, which, word):
        if (group := self.group(which)) is not None:
            self.do(delete_group, group, by=self.boss, word=word)

    @rule(which=st.integers(0, 9), who=st.sets(st.sampled_from(WHO), min_size=1, max_size=2),
          role=st.sampled_from(["manager", "editor", "reader", "none", "admin"]))  # fmt: skip
    def employees_assigned(self, which, who, role):
        if (group := self.group(which)) is not None:
            users = [(self.boss if one == "boss" else self.employees[one]).user_id for one in who]
            self.do(assign_group, group, by=self.boss, user_ids=users, role=role)

    @rule(which=st.integers(0, 20))
    def undone(self, which):
        enter(self.boss)
        requests = list(ProcessingRequest.objects.order_by("-pk"))
        if requests:
            self.do(undo_request, requests[which % len(requests)], by=self.boss)

    @rule(n=st.sampled_from(EMPLOYEES), client=st.sampled_from(CLIENTS))
    def given_directly(self, n, client):
        enter(self.boss)
        Grant.objects.create(
            organization=self.organization, membership=self.employees[n], scope_type="client",
            scope_id=self.clients[client].pk, role="reader",
        )  # fmt: skip
        self.direct[n].add(client)

    # The module

    @rule()
    def module_switched(self):
        enter(self.boss)
        self.is_on = not self.is_on
        modules = [one for one in self.organization.modules if one != "delegation"]
        self.organization.modules = [*modules, "delegation"] if self.is_on else modules
        self.organization.save(update_fields=["modules"])

    # What always holds

    @invariant()
    def groups_are_whole(self):
        enter(self.boss)
        live = list(GroupMember.objects.live().values_list("group_id", "client_id"))
        assert len({client for _group, client in live}) == len(live)
        for group in ClientGroup.objects.all():
            inside = {client for pk, client in live if pk == group.pk}
            assert group.member_count == len(inside)
            assert group.is_live or not inside
        keys = [name_key(name) for name in ClientGroup.objects.values_list("name", flat=True)]
        assert len(set(keys)) == len(keys)
        active = set(Relationship.objects.filter(state="active").values_list("account_id", flat=True))
        tied = dict(Client.objects.values_list("pk", "business_account_id"))
        assert {tied[client] for _group, client in live} <= active
        marks = ClientReach.objects.filter(sector_id__gte=GROUP).values_list("sector_id", "client_id")
        grouped = {client for _group, client in live}
        free = {(0, client) for client, account in tied.items() if account in active and client not in grouped}
        assert {(mark & ~GROUP, client) for mark, client in marks} == set(live) | free
        given = {
            one.account_id: one.programs.count() if one.level == "program" else one.account.programs.count()
            for one in Relationship.objects.filter(state="active")
        }
        for group in ClientGroup.objects.all():
            assert group.program_count == sum(given[tied[client]] for pk, client in live if pk == group.pk)

    @invariant()
    def accesses_follow_assignments(self):
        enter(self.boss)
        wanted = GroupAssignment.objects.live().filter(group__deleted_at__isnull=True)
        assert sorted(wanted.values_list("user_id", "group_id", "role")) == sorted(
            Grant.objects.filter(scope_type="group").values_list("membership__user_id", "scope_id", "role")
        )
        assert not GroupAssignment.objects.filter(group__deleted_at__isnull=False).live().exists()
        assert not GroupAssignment.objects.filter(user=self.boss.user).exists()

    @invariant()
    def what_is_decided_stays(self):
        enter(self.boss)
        for known, model, open_states in (
            (self.decided, AccessRequest, ("pending",)), (self.done, ProcessingRequest, ("waiting", "running")),
        ):  # fmt: skip
            for pk, state in model.objects.values_list("pk", "state"):
                if state not in open_states:
                    assert known.setdefault(pk, state) == state

    @invariant()
    def nobody_reaches_more_or_less(self):
        enter(self.boss)
        today = today_of(self.organization)
        holding = set(Relationship.objects.active(today).values_list("account_id", flat=True))
        for n in EMPLOYEES:
            member = enter(Membership.objects.select_related("organization", "user").get(pk=self.employees[n].pk))
            wanted = {self.clients[client].pk for client in self.direct[n]}
            if self.is_on:
                own = GroupAssignment.objects.live().filter(user_id=member.user_id).values("group_id")
                inside = GroupMember.objects.live().filter(group__in=own, client__business_account__in=holding)
                wanted |= set(inside.values_list("client_id", flat=True))
            assert set(Client.objects.visible_to(member).values_list("pk", flat=True)) == wanted
            assert set(reached_clients(member).ids) == wanted


def test_whatever_happens_groups_stay_whole(org, admin):
    org.provider_kind = "customs_broker"
    org.save()
    employees = [make_member(org, f"e{n}@eaux.example", f"Employé {n}", "reader") for n in EMPLOYEES]
    admin.organization = org
    enter(admin)
    kept = list(org.modules)

    class Run(Machine):
        organization = org
        boss = admin

        def teardown(self):
            super().teardown()
            self.organization.modules = list(kept)

    Run.employees, Run.happened = employees, Counter()
    chosen = settings(
        max_examples=15,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    run_state_machine_as_test(Run, settings=chosen)
    # The steps led somewhere.
    wanted = "create_group update_group delete_group revoke_relationship refused expired"
    assert all(Run.happened[one] for one in wanted.split()), Run.happened
