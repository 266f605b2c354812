from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('outbox', '0008_failing_since'),
    ]

    operations = [
        migrations.AlterField(
            model_name='message',
            name='reason',
            field=models.CharField(blank=True, choices=[('address', 'Le serveur de courriel refuse l’adresse du destinataire.'), ('sender', 'Le serveur de courriel refuse l’adresse de l’expéditeur.'), ('refused', 'Le serveur de courriel refuse ce courriel.'), ('busy', 'Le serveur de courriel demande d’attendre.'), ('away', 'Le serveur de courriel ne répond pas.'), ('dropped', 'La liaison avec le serveur de courriel s’est rompue pendant l’envoi.'), ('wrong', 'Ce courriel ne peut pas être composé : une adresse n’en est pas une.'), ('attachment', 'Une pièce jointe n’existe plus.'), ('fault', 'Une erreur du logiciel a empêché l’envoi.'), ('posted', 'Parti par courrier à sa place.')], db_default='', default='', max_length=10),
        ),
    ]
