from pathlib import Path

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('interactions', '0002_walls_and_triggers'),
        ('clients', '0003_search'),
        ('search', '0003_find'),
    ]

    operations = [
        migrations.CreateModel(
            name='InteractionWords',
            fields=[
                ('interaction_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('organization_id', models.BigIntegerField()),
                ('words', django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                'db_table': 'interactions_words',
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['organization_id', 'words'], name='interactions_words_found')],
            },
        ),
        migrations.RunSQL((Path(__file__).parent.parent / "search.sql").read_text(), migrations.RunSQL.noop),
    ]
