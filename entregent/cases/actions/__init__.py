"""What people, and plans of action, do with cases. Everything that changes one stands here, whoever asks.

`by` is the member at work, or None for the product itself (then the case says whose organization it is). The caller
has fetched the case through `visible_to`: an action does not ask again who may do it.
"""

from entregent.cases.actions.changes import edit_case
from entregent.cases.actions.contacts import attach_interaction, detach_interaction, split_interaction, undo_split
from entregent.cases.actions.links import (
    link_agent,
    link_cases,
    link_object,
    link_participant,
    unlink_agent,
    unlink_cases,
    unlink_object,
    unlink_participant,
)
from entregent.cases.actions.log import (
    add_log_entry,
    add_reminder,
    add_tasks,
    complete_reminder,
    keep_case_document,
    remove_case_document,
    remove_task,
    restore_case_document,
    set_task,
)
from entregent.cases.actions.merging import merge_cases, undo_case_merge
from entregent.cases.actions.opening import Opening, delete_case, open_case, open_case_from, open_cases, restore_case
from entregent.cases.actions.states import change_state, close_case
from entregent.cases.publishing import difference
from entregent.interactions.actions import NO_CONTRACT

__all__ = [
    "NO_CONTRACT",
    "Opening",
    "add_log_entry",
    "add_reminder",
    "add_tasks",
    "attach_interaction",
    "change_state",
    "close_case",
    "complete_reminder",
    "delete_case",
    "detach_interaction",
    "difference",
    "edit_case",
    "keep_case_document",
    "link_agent",
    "link_cases",
    "link_object",
    "link_participant",
    "merge_cases",
    "open_case",
    "open_case_from",
    "open_cases",
    "remove_case_document",
    "remove_task",
    "restore_case",
    "restore_case_document",
    "set_task",
    "split_interaction",
    "undo_case_merge",
    "undo_split",
    "unlink_agent",
    "unlink_cases",
    "unlink_object",
    "unlink_participant",
]
