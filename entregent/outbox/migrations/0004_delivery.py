import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from pathlib import Path

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('outbox', '0003_mails_of_the_instance'),
        ('search', '0003_find'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='message',
            options={'ordering': ['-created_at', '-id']},
        ),
        migrations.RemoveIndex(
            model_name='message',
            name='outbox_of_organization',
        ),
        migrations.AddField(
            model_name='message',
            name='attachments',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='message',
            name='in_reply_to',
            field=models.CharField(blank=True, db_default='', default='', max_length=998),
        ),
        migrations.AddField(
            model_name='message',
            name='language',
            field=models.CharField(db_default='fr', default='fr', max_length=2),
        ),
        migrations.AddField(
            model_name='message',
            name='nature',
            field=models.CharField(choices=[('alert', 'Avertissement'), ('reply', 'Réponse automatique'), ('digest', 'Résumé'), ('letter', 'Courriel écrit par une personne')], db_default='alert', default='alert', max_length=10),
        ),
        migrations.AddField(
            model_name='message',
            name='reached',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=320), blank=True, db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='message',
            name='reason',
            field=models.CharField(blank=True, choices=[('address', 'Le serveur de courriel refuse l’adresse du destinataire.'), ('sender', 'Le serveur de courriel refuse l’adresse de l’expéditeur.'), ('refused', 'Le serveur de courriel refuse ce courriel.'), ('busy', 'Le serveur de courriel demande d’attendre.'), ('away', 'Le serveur de courriel ne répond pas.'), ('dropped', 'La liaison avec le serveur de courriel s’est rompue pendant l’envoi.'), ('wrong', 'Ce courriel ne peut pas être composé : une adresse n’en est pas une.'), ('attachment', 'Une pièce jointe n’existe plus.'), ('fault', 'Une erreur du logiciel a empêché l’envoi.')], db_default='', default='', max_length=10),
        ),
        migrations.AddField(
            model_name='message',
            name='references',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
        migrations.AddField(
            model_name='message',
            name='unsubscribe_url',
            field=models.CharField(blank=True, db_default='', default='', max_length=500),
        ),
        migrations.AddField(
            model_name='message',
            name='words',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(models.F('organization_id'), models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='outbox_newest_first'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(models.F('organization_id'), models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('state', 'sent'), _negated=True), name='outbox_not_sent'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(models.F('client_id'), models.OrderBy(models.F('created_at'), descending=True), condition=models.Q(('client_id__isnull', False)), name='outbox_of_client'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(models.F('subject_id'), models.F('subject_type'), condition=models.Q(('subject_id__isnull', False)), name='outbox_of_record'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=django.contrib.postgres.indexes.GinIndex(models.F('organization_id'), django.contrib.postgres.indexes.OpClass(models.F('words'), 'gin_trgm_ops'), name='outbox_words'),
        ),
        migrations.RunSQL((Path(__file__).parent.parent / "delivery.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(
            "UPDATE outbox_message SET words = search_key(subject || ' ' || array_to_string(recipients, ' '))",
            migrations.RunSQL.noop,
        ),
    ]
