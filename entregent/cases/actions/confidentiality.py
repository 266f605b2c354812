"""What left a case and lies elsewhere (letters that wait for printing, mails) is as confidential as the case."""

from entregent.access.rights import Right
from entregent.cases.actions.mirroring import tell_confidence
from entregent.cases.models import Case, CaseAgent, CaseDocument
from entregent.documents.print_actions import mark_letters
from entregent.outbox.actions import mark_letters_about


def follow(case: Case) -> None:
    """After the case became confidential, or ceased to be so."""
    hidden = case.is_confidential
    mark_letters(CaseDocument.with_removed.filter(case=case).values("file_id"), is_confidential=hidden)
    mark_letters_about(case, is_personal=hidden, client_id=None if hidden else case.client_id)
    tell_confidence(case)


def keep_in_sight(case: Case, by) -> None:
    """Whoever makes a case confidential goes on seeing it, whatever rights they have elsewhere."""
    if not Case.objects.visible_to(by, Right.CASE_VIEW).filter(pk=case.pk).exists():
        CaseAgent.objects.get_or_create(
            case=case,
            user=by.user,
            defaults={"organization_id": case.organization_id, "role": CaseAgent.Role.PARTICIPANT},
        )
