"""How the journal tells what was done with mails that came in."""

from django.utils.translation import gettext_lazy

TABLE_WORDS = {
    "inbound_mailbox": gettext_lazy("Boîte de réception"),
    "inbound_phoneline": gettext_lazy("Poste téléphonique"),
}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "port": gettext_lazy("Port"),
}
ACTION_WORDS = {
    "create_mailbox": gettext_lazy("Boîte de réception ajoutée"),
    "update_mailbox": gettext_lazy("Boîte de réception modifiée"),
    "delete_mailbox": gettext_lazy("Boîte de réception retirée"),
    "attach_mail": gettext_lazy("Courriel rattaché"),
    "detach_mail": gettext_lazy("Rattachement d’un courriel annulé"),
    "ignore_mails": gettext_lazy("Courriels ignorés"),
    "take_back_mails": gettext_lazy("Courriels ignorés remis à rattacher"),
    "retry_mail": gettext_lazy("Courriel en quarantaine relu"),
    "set_phone_line": gettext_lazy("Poste téléphonique réglé"),
    "log_copied_mail": gettext_lazy("Courriel mis en copie enregistré"),
}
