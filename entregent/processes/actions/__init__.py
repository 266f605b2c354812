"""What people, events and time do with processes and plans of action.

Lock order: the case, then the plan, then its steps and jobs. `by` is a member, or None for the product itself.
"""

from entregent.processes.actions.answering import client_answered
from entregent.processes.actions.bulk import change_steps, complete_as_kept
from entregent.processes.actions.designing import (
    DraftThere,
    create_process,
    delete_draft,
    import_process,
    install,
    publish,
    restore,
    retire,
    save_draft,
)
from entregent.processes.actions.due import organizations_with_plans, run_due
from entregent.processes.actions.happening import happened
from entregent.processes.actions.launching import Start, launch, launch_many
from entregent.processes.actions.mailing import send_by_post, send_mail_again
from entregent.processes.actions.migrating import Preview, migrate_runs, preview_migration
from entregent.processes.actions.performing import facts_of_plan
from entregent.processes.actions.plan import body_of
from entregent.processes.actions.steering import abandon_run, pause_run, resume_run, retry_step, send_back
from entregent.processes.actions.working import (
    add_step,
    claim_step,
    comment_step,
    complete_step,
    is_theirs,
    postpone_step,
    reassign_step,
    save_answers,
    skip_step,
)

__all__ = [
    "DraftThere",
    "Preview",
    "Start",
    "abandon_run",
    "add_step",
    "body_of",
    "change_steps",
    "claim_step",
    "client_answered",
    "comment_step",
    "complete_as_kept",
    "complete_step",
    "create_process",
    "delete_draft",
    "facts_of_plan",
    "happened",
    "import_process",
    "install",
    "is_theirs",
    "launch",
    "launch_many",
    "migrate_runs",
    "organizations_with_plans",
    "pause_run",
    "postpone_step",
    "preview_migration",
    "publish",
    "reassign_step",
    "restore",
    "resume_run",
    "retire",
    "retry_step",
    "run_due",
    "save_answers",
    "save_draft",
    "send_back",
    "send_by_post",
    "send_mail_again",
    "skip_step",
]
