from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0006_idempotency_key_age"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="mail_reply_address",
            field=models.EmailField(blank=True, default="", max_length=254, verbose_name="adresse de réponse"),
        ),
        migrations.AddField(
            model_name="organization",
            name="mail_sender_address",
            field=models.EmailField(blank=True, default="", max_length=254, verbose_name="adresse de l’expéditeur"),
        ),
        migrations.AddField(
            model_name="organization",
            name="mail_sender_name",
            field=models.CharField(blank=True, default="", max_length=120, verbose_name="nom de l’expéditeur"),
        ),
        migrations.AddField(
            model_name="organization",
            name="mail_signature_en",
            field=models.TextField(blank=True, default="", verbose_name="signature en anglais"),
        ),
        migrations.AddField(
            model_name="organization",
            name="mail_signature_fr",
            field=models.TextField(blank=True, default="", verbose_name="signature en français"),
        ),
        migrations.AddField(
            model_name="organization",
            name="replies_by_mail",
            field=models.BooleanField(default=False, verbose_name="réponses par courriel"),
        ),
    ]
