from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations, models
from django.db.models import F, Q


def by_fragment(kind: int, name: str) -> GinIndex:
    words = OpClass(F("doc"), "gin_trgm_ops")
    return GinIndex(F("organization_id"), words, F("marks"), name=name, condition=Q(kind=kind))


class Migration(migrations.Migration):
    """The marks of reach stand in the indexes themselves: who sees one department reads its rows alone."""

    dependencies = [("search", "0004_people_alone")]

    operations = [
        migrations.RemoveIndex(model_name="entry", name="search_entry_name"),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                fields=["organization_id", "kind", "name_key"],
                opclasses=["int8_ops", "int2_ops", "text_pattern_ops"],
                include=["subject_id", "marks"],
                name="search_entry_name",
            ),
        ),
        migrations.RemoveIndex(model_name="entry", name="search_entry_client_doc"),
        migrations.AddIndex(model_name="entry", index=by_fragment(1, "search_entry_client_doc")),
        migrations.RemoveIndex(model_name="entry", name="search_entry_person_doc"),
        migrations.AddIndex(model_name="entry", index=by_fragment(2, "search_entry_person_doc")),
    ]
