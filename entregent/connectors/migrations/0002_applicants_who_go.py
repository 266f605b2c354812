from django.db import migrations

FORWARD = """
CREATE TRIGGER connectors_deleted AFTER DELETE ON enrollment_applicant REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION connectors_note_addresses();
"""


class Migration(migrations.Migration):
    dependencies = [("connectors", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
