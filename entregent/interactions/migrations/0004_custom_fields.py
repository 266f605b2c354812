import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('interactions', '0003_words'),
    ]

    operations = [
        migrations.AddField(
            model_name='interaction',
            name='custom',
            field=models.JSONField(blank=True, db_default={}, default=dict, verbose_name='champs personnalisés'),
        ),
        migrations.AddIndex(
            model_name='interaction',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(models.F('custom'), 'jsonb_path_ops'), condition=models.Q(('custom', {}), _negated=True), name='interaction_custom'),
        ),
    ]
