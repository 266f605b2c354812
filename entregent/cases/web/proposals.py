"""What the template of a case type proposes for a client, and what somebody keeps of it."""

from dataclasses import dataclass
from typing import Any

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases.models import CaseType
from entregent.clients.models import BusinessObject, Client
from entregent.interactions.templating import Proposal, propose
from entregent.organizations.models import Module
from entregent.toolbox.text import as_id
from entregent.ui.pages import render_block


@dataclass
class Offer:
    """A proposal with its boxes: all of them ticked, until somebody who saw them unticks one."""

    case_type: CaseType
    proposal: Proposal
    ticked: dict[str, set[str]] | None = None

    def keeps(self, kind: str, party) -> bool:
        return self.ticked is None or str(party.pk) in self.ticked[kind]

    @property
    def people(self) -> list[tuple[Any, str]]:
        return [(party, role) for party, role in self.proposal.participants if not isinstance(party, Client)]

    def chosen(self) -> dict[str, Any]:
        """What `open_case` is given."""
        proposal = self.proposal
        clients = [(party, role) for party, role in proposal.participants if isinstance(party, Client)]
        return {
            "participants": clients + [(one, role) for one, role in self.people if self.keeps("with_people", one)],
            "agents": [(user, role) for user, role in proposal.agents if self.keeps("with_agents", user)],
            "objects": [one for one in proposal.objects if self.keeps("with_objects", one)],
            "left_out": proposal.told,
        }


def offer_of(member, client: Client, kind: CaseType | None, contract: Any, typed=None) -> Offer | None:
    """The offer of a type that has a template. `typed`: the form that came, whose boxes count if they were of the
    same type."""
    if kind is None or kind.template is None or not kind.template.is_active:
        return None
    about = contract if isinstance(contract, BusinessObject) else None
    offer = Offer(kind, propose(kind.template, by=member, client=client, contract=about))
    if typed is not None and typed.get("proposed") == str(kind.pk):
        offer.ticked = {name: set(typed.getlist(name)) for name in ("with_people", "with_agents", "with_objects")}
    return offer


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
def proposal(request):
    """What the chosen type would add, as a part of « Nouveau dossier »."""
    member = request.member
    number, key = request.GET.get("client", "").strip(), as_id(request.GET.get("case_type", ""))
    client = Client.objects.visible_to(member, Right.CASE_EDIT).select_related("organization").found(number=number)
    kind = CaseType.objects.of(member).select_related("template").filter(pk=key or 0).first()
    chosen = as_id(request.GET.get("contract", ""))
    contract = BusinessObject.objects.visible_to(member).filter(pk=chosen or 0, client=client).first()
    return render_block(request, "cases/create.html", "proposal", {"offer": offer_of(member, client, kind, contract)})
