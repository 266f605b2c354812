from django.urls import path

from entregent.inbound.web import calls, mailboxes, mails, originals

app_name = "inbound"

urlpatterns = [
    path("courriels-a-rattacher/", mails.mail_list, name="mails"),
    path("courriels-a-rattacher/ignorer/", mails.mails_ignore, name="ignore"),
    path("courriels-a-rattacher/reprendre/", mails.mails_take_back, name="take_back"),
    path("courriels-recus/<int:mail_id>/clients/", mails.client_find, name="clients"),
    path("courriels-recus/<int:mail_id>/rattachement/", mails.mail_attach, name="attach"),
    path("courriels-recus/<int:mail_id>/detachement/", mails.mail_detach, name="detach"),
    path("courriels-recus/<int:mail_id>/nouvelle-lecture/", mails.mail_retry, name="retry"),
    path("courriels-recus/<int:mail_id>/", originals.mail_detail, name="mail"),
    path("courriels-recus/<int:mail_id>/contenu/", originals.mail_content, name="content"),
    path("courriels-recus/<int:mail_id>/courriel.eml", originals.mail_file, name="file"),
    path("interactions/<int:number>/courriels/", originals.mails_of_interaction, name="originals"),
    path("interactions/<int:number>/courriel/", originals.mail_add, name="add"),
    path("mon-poste/", calls.my_line, name="my_line"),
    path("appels/en-cours/", calls.call_now, name="call"),
    path("appels/<int:pk>/fermeture/", calls.call_close, name="call_close"),
    path("administration/boites-de-reception/", mailboxes.mailbox_list, name="mailboxes"),
    path("administration/boites-de-reception/nouvelle/", mailboxes.mailbox_create, name="mailbox_create"),
    path("administration/boites-de-reception/<int:pk>/", mailboxes.mailbox_update, name="mailbox"),
    path("administration/boites-de-reception/<int:pk>/retrait/", mailboxes.mailbox_delete, name="mailbox_delete"),
]
