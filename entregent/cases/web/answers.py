"""What the pages of cases share: the case that an address names, and the way back to its page."""

from entregent.access.rights import Right
from entregent.cases.models import Case
from entregent.interactions.models import Interaction
from entregent.interactions.web.answers import at
from entregent.organizations.models import Membership
from entregent.ui.pages import see

CASES_CHANGED = "g:cases-changed"


def get_case(request, number: int, right: Right = Right.CASE_EDIT) -> Case:
    """The case within reach, or NotFound."""
    return (
        Case.objects.visible_to(request.member, right)
        .select_related(
            "client", "case_type", "organization", "responsible", "team", "contract", "parent", "merged_into",
            "created_by",
        )
        .found(number=number)
    )  # fmt: skip


def get_contact(request, number: int) -> Interaction:
    return (
        Interaction.objects.visible_to(request.member)
        .select_related("client", "client__organization", "person", "topic")
        .found(number=number)
    )


def case_url(request, case: Case, anchor: str = "") -> str:
    return at("cases:detail", request.member, number=case.number) + (f"#{anchor}" if anchor else "")


def back(request, case: Case, toast: str, *, undo_url: str | None = None, anchor: str = ""):
    return see(request, case_url(request, case, anchor), toast=toast, undo_url=undo_url)


def colleagues(member) -> list[tuple[int, str]]:
    """Whom work can be given to, by name."""
    found = Membership.objects.active().filter(organization_id=member.organization_id)
    return sorted(found.values_list("user_id", "user__name"), key=lambda one: one[1].casefold())
