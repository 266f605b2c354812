"""What a template means for one client: who takes part, who is in charge, which objects, which words (R001-14 to -18).

Nothing is written here. Whatever cannot be attached is listed with its reason, and hinders nobody from going on.
"""

from dataclasses import dataclass, field
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.rights import Role
from entregent.access.scope import ORGANIZATION_SCOPE, EffectiveGrant, Reach
from entregent.clients.facts import facts_of
from entregent.clients.models import BusinessObject, BusinessObjectType, Client, ClientPerson, Person
from entregent.clients.selectors import select
from entregent.documents.texts import render
from entregent.interactions.models import InteractionAgent
from entregent.interactions.template_models import RecordTemplate
from entregent.listing.conditions import as_q, mend, sentence
from entregent.listing.lists import lists
from entregent.organizations.calendars import calendar_of
from entregent.organizations.models import Membership, Organization, Team, User
from entregent.toolbox.errors import Refusal

Party = Client | Person
# A team or a function may be large: more than these are not tied to one record.
MOST_AGENTS = MOST_PEOPLE = 20
LONGEST_ROLE = 60


@dataclass
class Proposal:
    """What `template` gives for one client. `left_out`: (what, why) of everything that is not attached."""

    template: RecordTemplate
    participants: list[tuple[Party, str]] = field(default_factory=list)
    agents: list[tuple[User, str]] = field(default_factory=list)
    objects: list[BusinessObject] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    channel: str = ""
    priority: str = "normal"
    subject: str = ""
    text: str = ""
    follow_up_on: date | None = None
    is_eligible: bool = True

    @property
    def told(self) -> list[tuple[str, str]]:
        """What was left out and what went otherwise than the template says, for whoever reads: (what, why)."""
        return [*self.left_out, *((_("Modèle"), warning) for warning in self.warnings)]


def propose(
    template: RecordTemplate,
    *,
    by: Membership | None,
    client: Client,
    contract: BusinessObject | None = None,
    language: str = "",
    with_texts: bool = True,
) -> Proposal:
    """What `template` means for `client` and the contract that is current, as far as `by` sees (None: the product
    itself, which sees the organization). Texts are in `language`, by default that of the client; reasons in that of
    the reader. A contract that is not the client's is no contract.
    """
    reader = by if by is not None else the_product(client.organization)
    proposal = Proposal(template, channel=template.channel, priority=template.priority)
    if contract is not None and contract.client_id != client.pk:
        contract = None
    if not _is_eligible(proposal, reader, client):
        proposal.is_eligible = False
        proposal.channel, proposal.priority = "", "normal"
        return proposal
    language = language or client.language or "fr"
    _people(proposal, client, language)
    _agents(proposal, reader, by)
    _objects(proposal, reader, client, contract)
    if with_texts:
        _texts(proposal, reader, client, contract, language)
    if template.follow_up:
        proposal.follow_up_on = _follow_up(proposal, client.organization)
    return proposal


def the_product(organization: Organization) -> Membership:
    """A reader who is nobody: sees the organization, and may do nothing that is recorded under a name."""
    reader = Membership(organization=organization, role=Role.ADMIN)
    grant = EffectiveGrant(0, Role.ADMIN, ORGANIZATION_SCOPE, ())
    reader.__dict__["reach"] = Reach(Role.ADMIN, (grant,))
    return reader


def _is_eligible(proposal: Proposal, reader: Membership, client: Client) -> bool:
    template = proposal.template
    if not template.eligible:
        return True
    definition = lists(reader)["clients"]
    condition, notes = mend(template.eligible, definition, reader)
    proposal.warnings += notes
    if condition is None:
        return True
    if Client.objects.filter(as_q(condition, definition, reader), pk=client.pk).exists():
        return True
    told = {"condition": sentence(condition, definition, reader)}
    proposal.left_out.append((template.name, _("Ce modèle ne convient pas à ce client : %(condition)s.") % told))
    return False


# ——— People ———


def _people(proposal: Proposal, client: Client, language: str) -> None:
    """The client itself always stays; whoever stands in two roles is one participant with both (R001-14)."""
    roles: dict[Party, list[str]] = {client: []}
    ties: list[ClientPerson] | None = None
    for rule in proposal.template.people:
        label = (rule.get(f"label_{language}") or rule.get("label_fr") or "").strip()
        if rule.get("role") == "client":
            roles[client].append(label)
            continue
        if ties is None:
            living = ClientPerson.objects.filter(client_id=client.pk, person__deleted_at__isnull=True)
            ties = list(living.select_related("person")[:100])
        found, reason = _in_role(ties, rule.get("role", ""))
        if reason:
            proposal.left_out.append((label or _role_name(rule.get("role", "")), reason))
        for person in found:
            roles.setdefault(person, []).append(label or _role_name(rule["role"]))
    for party, labels in roles.items():
        role = ", ".join(dict.fromkeys(label for label in labels if label))
        proposal.participants.append((party, role[:LONGEST_ROLE]))


def _in_role(ties: list[ClientPerson], role: str) -> tuple[list[Person], str]:
    """Who stands in the role; the primary person stands in for one who is not named (R004-13)."""
    if role == "additional":
        others = [tie.person for tie in ties if not (tie.is_primary or tie.is_preferred or tie.is_billing)]
        return others[:MOST_PEOPLE], "" if others else _("Aucune autre personne chez ce client.")
    mark = {"primary": "is_primary", "preferred": "is_preferred", "billing": "is_billing"}.get(role)
    if mark is None:
        return [], _("Ce rôle n'existe plus.")
    for wanted in dict.fromkeys((mark, "is_primary")):
        for tie in ties:
            if getattr(tie, wanted):
                return [tie.person], ""
    return [], _("Aucune personne principale chez ce client.")


def role_choices() -> list[tuple[str, str]]:
    """The roles in which a template may name people."""
    return [(role, _role_name(role)) for role in ("client", "primary", "preferred", "billing", "additional")]


def _role_name(role: str) -> str:
    names = {
        "client": _("Client lui-même"),
        "primary": _("Personne principale"),
        "preferred": _("Personne privilégiée"),
        "billing": _("Personne de facturation"),
        "additional": _("Autres personnes"),
    }
    return names.get(role, role)


# ——— Agents ———


def _agents(proposal: Proposal, reader: Membership, by: Membership | None) -> None:
    """By name, function or team. Whoever is inactive is left out with a warning; who writes is émetteur anyway."""
    rules = proposal.template.agents
    if not rules:
        return
    members = _members(reader.organization_id, rules)
    teams = _teams(reader.organization_id, rules)
    roles: dict[int, str] = {}
    for rule in rules:
        role = rule.get("role") or InteractionAgent.Role.RESPONSIBLE.value
        for user_id in _users(rule, members, teams, proposal):
            member = members.get(user_id)
            if member is None or not (member.is_active and member.user.is_active):
                proposal.warnings.append(_inactive(member))
            elif by is None or user_id != by.user_id:
                roles[user_id] = "responsible" if "responsible" in (role, roles.get(user_id)) else role
    proposal.agents = [(members[user_id].user, role) for user_id, role in roles.items()]
    proposal.warnings = list(dict.fromkeys(proposal.warnings))


def _members(organization_id: int, rules: list[dict]) -> dict[int, Membership]:
    """By user: those named, those of the functions, those of the teams."""
    everybody = Membership.objects.filter(organization_id=organization_id).select_related("user")
    named = {rule["user"] for rule in rules if rule.get("user")}
    functions = {rule["function"] for rule in rules if rule.get("function")}
    codes = {rule["team"] for rule in rules if rule.get("team")}
    found = list(everybody.filter(user_id__in=named)) if named else []
    for function in functions:
        found += everybody.active().with_function(function)[:MOST_AGENTS]
    if codes:
        leads = Team.objects.filter(organization_id=organization_id, code__in=codes, lead__isnull=False)
        found += everybody.filter(user_id__in=leads.values("lead_id"))
        found += everybody.active().filter(
            user_id__in=Team.objects.filter(organization_id=organization_id, code__in=codes).values("members__user_id")
        )[: MOST_AGENTS * len(codes)]
    return {member.user_id: member for member in found}


def _teams(organization_id: int, rules: list[dict]) -> dict[str, Team]:
    codes = {rule["team"] for rule in rules if rule.get("team")}
    if not codes:
        return {}
    teams = Team.objects.filter(organization_id=organization_id, code__in=codes)
    return {team.code: team for team in teams.prefetch_related("members")}


def _users(rule: dict, members: dict[int, Membership], teams: dict[str, Team], proposal: Proposal) -> list[int]:
    if rule.get("user"):
        return [rule["user"]]
    if rule.get("function"):
        of_function = [one for one in members.values() if one.is_active and rule["function"] in one.functions]
        if not of_function:
            proposal.warnings.append(_("Personne n'a la fonction que le modèle demande."))
        return [one.user_id for one in of_function[:MOST_AGENTS]]
    team = teams.get(rule.get("team", ""))
    if team is None or not team.is_active:
        proposal.warnings.append(_("L'équipe du modèle n'existe plus : personne n'en est lié."))
        return []
    if team.lead_id is not None:
        return [team.lead_id]  # Who leads a team answers for it.
    return [one.user_id for one in team.members.all() if one.user_id in members][:MOST_AGENTS]


def _inactive(member: Membership | None) -> str:
    if member is None:
        return _("Un agent du modèle n'est plus membre : il n'est pas lié.")
    return _("%(name)s est inactif : il n'est pas lié.") % {"name": member.user.name}


# ——— Objects, texts, follow-up ———


def _objects(proposal: Proposal, reader: Membership, client: Client, contract: BusinessObject | None) -> None:
    rules = proposal.template.object_rules
    if not rules:
        return
    types = {kind.code: kind for kind in BusinessObjectType.objects.filter(organization_id=reader.organization_id)}
    among = BusinessObject.objects.visible_to(reader)
    found: dict[int, BusinessObject] = {}
    for rule in rules:
        selection = select(
            rule.get("selector", ""),
            client=client,
            contract=contract,
            among=among,
            types=types,
            states=rule.get("states") or (),
        )
        found |= {one.pk: one for one in selection.objects}
        # What the template asks for if there is some is not missed where there is none.
        if selection.reason and (rule.get("required", True) or selection.objects):
            proposal.left_out.append((selection.label, selection.reason))
    proposal.objects = list(found.values())


def _texts(
    proposal: Proposal, reader: Membership, client: Client, contract: BusinessObject | None, language: str
) -> None:
    template = proposal.template
    sources = [
        (name, getattr(template, f"{name}_{language}", "") or getattr(template, f"{name}_fr"))
        for name in ("subject", "text")
    ]
    # Without variables nothing is looked up.
    has_variables = any("{" in source for _name, source in sources)
    facts = facts_of(client, contract=contract, language=language, member=reader) if has_variables else {}
    for name, source in sources:
        try:
            written = render(source, facts) if "{" in source else source
        except Refusal as refusal:
            proposal.warnings.append(str(refusal.message))
        else:
            setattr(proposal, name, " ".join(written.split())[:200] if name == "subject" else written.strip()[:20_000])


def _follow_up(proposal: Proposal, organization: Organization) -> date | None:
    try:
        due = calendar_of(organization).due(proposal.template.follow_up, timezone.now())
    except ValueError:
        proposal.warnings.append(_("La date de suivi du modèle est illisible."))
        return None
    return due.date()
