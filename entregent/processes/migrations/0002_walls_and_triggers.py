from django.db import migrations

from entregent.access.migration_operations import journal, wall

# What happens to a confidential case is not told in the history of its client, which more people read.
_OF_RUN = (
    "(SELECT CASE WHEN c.is_confidential THEN NULL ELSE u.client_id END FROM processes_processrun u"
    " LEFT JOIN cases_case c ON c.id = u.case_id WHERE u.id = {run})"
)
_OWN = "(SELECT CASE WHEN EXISTS (SELECT 1 FROM cases_case c WHERE c.id = r.case_id AND c.is_confidential) THEN NULL ELSE r.client_id END)"
_OF_STEP = _OF_RUN.format(run="(SELECT s.run_id FROM processes_processstep s WHERE s.id = r.step_id)")

# A version that is live, or was, says for ever what its plans do.
_FROZEN = """
CREATE FUNCTION processes_keep_body() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the body of a published version never changes' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER process_version_frozen BEFORE UPDATE ON processes_processversion FOR EACH ROW
WHEN (OLD.state <> 'draft' AND (NEW.body IS DISTINCT FROM OLD.body OR NEW.sha256 IS DISTINCT FROM OLD.sha256))
EXECUTE FUNCTION processes_keep_body();
"""


class Migration(migrations.Migration):
    dependencies = [("processes", "0001_initial"), ("cases", "0002_walls_and_triggers")]
    operations = [
        *(
            wall(f"processes_{table}")
            for table in (
                "processdefinition", "processversion", "processrun", "processstep", "stepcomment", "processjob",
            )
        ),
        journal("processes_processdefinition"),
        journal("processes_processversion"),
        journal("processes_processrun", client=_OWN),
        journal("processes_processstep", client=_OF_RUN.format(run="r.run_id")),
        journal("processes_stepcomment", client=_OF_STEP),
        migrations.RunSQL(
            _FROZEN,
            "DROP TRIGGER process_version_frozen ON processes_processversion; DROP FUNCTION processes_keep_body()",
        ),
    ]
