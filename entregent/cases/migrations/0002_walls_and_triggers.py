from django.db import migrations

from entregent.access.migration_operations import journal, wall

# What happens to a confidential case is not told in the history of its client, which more people read.
_OWN = "(CASE WHEN r.is_confidential THEN NULL ELSE r.client_id END)"
_OF_CASE = (
    "(SELECT CASE WHEN c.is_confidential THEN NULL ELSE c.client_id END FROM cases_case c WHERE c.id = r.case_id)"
)
_PARTS = (
    "caseparticipant", "caseagent", "caseobject", "caseinteraction", "caselink", "caselogentry", "casetask",
    "casereminder", "casedocument",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("clients", "0002_walls_and_triggers")]
    operations = [
        wall("cases_casetype"),
        wall("cases_case"),
        *(wall(f"cases_{part}") for part in _PARTS),
        wall("cases_casemerge"),
        journal("cases_casetype"),
        journal("cases_case", client=_OWN),
        *(journal(f"cases_{part}", client=_OF_CASE) for part in _PARTS),
        journal("cases_casemerge", client=_OF_CASE.replace("r.case_id", "r.winner_id")),
    ]
