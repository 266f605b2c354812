import django.db.models.deletion
from django.db import migrations, models

# The steps of a plan go with it, whatever moves it.
_FOLLOW = """
CREATE FUNCTION processes_steps_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE processes_processstep SET client_id = NEW.client_id WHERE run_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER process_steps_follow AFTER UPDATE OF client_id ON processes_processrun FOR EACH ROW
WHEN (OLD.client_id IS DISTINCT FROM NEW.client_id) EXECUTE FUNCTION processes_steps_follow();
"""


class Migration(migrations.Migration):
    dependencies = [("clients", "0026_mark_rows"), ("processes", "0005_scheduled_starts")]
    operations = [
        migrations.RemoveIndex(model_name="processstep", name="step_of_team"),
        migrations.RemoveIndex(model_name="processstep", name="step_to_do"),
        migrations.AddField(
            model_name="processstep",
            name="client",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+", to="clients.client",
            ),
        ),
        # What stands already is told once more, and changes nothing: the journal has nothing to write.
        migrations.RunSQL(
            [
                "ALTER TABLE processes_processstep DISABLE TRIGGER USER",
                "UPDATE processes_processstep s SET client_id = r.client_id FROM processes_processrun r WHERE r.id = s.run_id",
                "ALTER TABLE processes_processstep ENABLE TRIGGER USER",
            ],
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name="processstep",
            name="client",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+", to="clients.client",
            ),
        ),
        migrations.AddIndex(
            model_name="processstep",
            index=models.Index(
                condition=models.Q(("state__in", ["ready", "failed"]), ("team__isnull", False)),
                fields=["organization", "team", "due_at", "id"], include=("client",), name="step_of_team",
            ),
        ),
        migrations.AddIndex(
            model_name="processstep",
            index=models.Index(
                condition=models.Q(("state__in", ["ready", "failed"])),
                fields=["organization", "due_at", "id"], include=("client", "team"), name="step_to_do",
            ),
        ),
        migrations.RunSQL(
            _FOLLOW, "DROP TRIGGER process_steps_follow ON processes_processrun; DROP FUNCTION processes_steps_follow()"
        ),
    ]  # fmt: skip
