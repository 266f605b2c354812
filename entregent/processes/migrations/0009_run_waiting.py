from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('processes', '0008_done_by'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='processrun',
            index=models.Index(models.F('organization'), models.F('id'), condition=models.Q(('state', 'waiting')), name='run_waiting'),
        ),
    ]
