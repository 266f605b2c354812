"""Everything that can be done to loan applications and what is transmitted of them. `by` is the member at work."""

from entregent.enrollment.actions.applications import agents_of, create_application, update_application
from entregent.enrollment.actions.decision import Button, decide
from entregent.enrollment.actions.enrolling import Choices, Enrolled, choices_of, enroll, what_removal_does
from entregent.enrollment.actions.loading import NEW, author_of, candidates_of, decided_already, load, reject
from entregent.enrollment.actions.settings import update_enrollment_settings

__all__ = [
    "NEW",
    "Button",
    "Choices",
    "Enrolled",
    "agents_of",
    "author_of",
    "candidates_of",
    "choices_of",
    "create_application",
    "decide",
    "decided_already",
    "enroll",
    "load",
    "reject",
    "update_application",
    "update_enrollment_settings",
    "what_removal_does",
]
