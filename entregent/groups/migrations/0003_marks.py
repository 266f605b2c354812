from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("groups", "0002_drafts"),
        ("clients", "0024_group_marks"),
        ("relationships", "0002_walls_and_journal"),
    ]

    operations = [migrations.RunSQL((Path(__file__).parent.parent / "marks.sql").read_text())]
