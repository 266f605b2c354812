from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    """The end of a relationship waits for a change of groups that is taking effect."""

    dependencies = [("groups", "0005_journal_of_many")]

    operations = [migrations.RunSQL((Path(__file__).parent.parent / "marks.sql").read_text())]
