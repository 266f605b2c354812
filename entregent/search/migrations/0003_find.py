from pathlib import Path

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('search', '0002_functions'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='entry',
            name='search_entry_doc',
        ),
        migrations.AddField(
            model_name='entry',
            name='marks',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), db_default=models.Value('{}'), default=list, size=None),
        ),
        migrations.AddField(
            model_name='entry',
            name='number_key',
            field=models.TextField(db_default='', default=''),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(models.F('organization_id'), models.F('kind'), django.contrib.postgres.indexes.OpClass(models.F('number_key'), 'text_pattern_ops'), condition=models.Q(('number_key', ''), _negated=True), name='search_entry_number'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=django.contrib.postgres.indexes.GinIndex(models.F('organization_id'), django.contrib.postgres.indexes.OpClass(models.F('doc'), 'gin_trgm_ops'), condition=models.Q(('kind', 1)), name='search_entry_client_doc'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=django.contrib.postgres.indexes.GinIndex(models.F('organization_id'), django.contrib.postgres.indexes.OpClass(models.F('doc'), 'gin_trgm_ops'), condition=models.Q(('kind', 2)), name='search_entry_person_doc'),
        ),
        migrations.AddIndex(
            model_name='word',
            index=models.Index(models.F('organization_id'), django.contrib.postgres.indexes.OpClass(models.F('word'), 'text_pattern_ops'), name='search_word_start'),
        ),
        migrations.AddIndex(
            model_name='word',
            index=models.Index(models.F('organization_id'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Reverse('word'), 'text_pattern_ops'), name='search_word_end'),
        ),
        migrations.RunSQL((Path(__file__).parent.parent / "find.sql").read_text(), migrations.RunSQL.noop),
    ]
