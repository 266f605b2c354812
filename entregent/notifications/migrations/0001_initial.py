import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from entregent.access.migration_operations import journal, wall


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('organizations', '0007_mail_settings'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='EventRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(max_length=60)),
                ('is_on', models.BooleanField(default=True)),
                ('tells_responsible', models.BooleanField(default=True)),
                ('also', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, size=None)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization', 'event'), name='event_rule_once')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(max_length=60)),
                ('client_id', models.BigIntegerField(null=True)),
                ('subject_type', models.CharField(blank=True, default='', max_length=60)),
                ('subject_id', models.BigIntegerField(null=True)),
                ('url', models.CharField(max_length=500)),
                ('words', models.JSONField(default=dict)),
                ('by_name', models.CharField(blank=True, default='', max_length=120)),
                ('in_app', models.BooleanField(default=True)),
                ('digest', models.CharField(choices=[('none', 'Aucun résumé'), ('pending', 'Dans le prochain résumé'), ('sent', 'Résumé envoyé')], default='none', max_length=10)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('read_at', models.DateTimeField(null=True)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(models.F('organization_id'), models.F('user_id'), models.OrderBy(models.F('id'), descending=True), name='notification_of_user'), models.Index(models.F('organization_id'), models.F('user_id'), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('in_app', True), ('read_at__isnull', True)), name='notification_unread'), models.Index(models.F('organization_id'), models.F('user_id'), condition=models.Q(('digest', 'pending')), name='notification_to_digest'), models.Index(models.F('created_at'), name='notification_age'), models.Index(models.F('client_id'), condition=models.Q(('client_id__isnull', False)), name='notification_client')],
            },
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(max_length=60)),
                ('scope', models.CharField(choices=[('mine', 'Mes clients'), ('all', 'Tous les clients que je vois'), ('none', 'Aucun')], default='mine', max_length=4)),
                ('in_app', models.BooleanField(default=True)),
                ('mail', models.CharField(max_length=5)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization', 'event', 'user'), name='preference_once')],
            },
        ),
        wall("notifications_notification"),
        wall("notifications_preference"),
        wall("notifications_eventrule"),
        journal("notifications_preference"),
        journal("notifications_eventrule"),
    ]
