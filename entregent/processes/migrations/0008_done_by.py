from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('processes', '0007_work_not_taken'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='processstep',
            index=models.Index(models.F('organization'), models.F('done_by'), models.OrderBy(models.F('done_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('done_by__isnull', False), ('state', 'done')), name='step_done_by'),
        ),
    ]
