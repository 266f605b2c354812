from django.urls import path

from entregent.documents.web import printing, templates

app_name = "documents"

urlpatterns = [
    path("administration/modeles-de-documents/", templates.template_list, name="templates"),
    path("administration/modeles-de-documents/nouveau/", templates.template_create, name="template_create"),
    path("administration/modeles-de-documents/apercu/", templates.template_preview, name="template_preview"),
    path("administration/modeles-de-documents/<slug:code>/", templates.template_update, name="template_update"),
    path("administration/modeles-de-documents/<slug:code>/essai/", templates.template_trial, name="template_trial"),
    path("administration/modeles-de-documents/<slug:code>/fichier/", templates.template_file, name="template_file"),
    path(
        "administration/modeles-de-documents/<slug:code>/suppression/",
        templates.template_delete,
        name="template_delete",
    ),
    path("administration/en-tete-des-lettres/", templates.letterhead, name="letterhead"),
    path("administration/en-tete-des-lettres/apercu/", templates.letterhead_preview, name="letterhead_preview"),
    path("courriers/", printing.letter_list, name="letters"),
    path("courriers/impression/", printing.print_create, name="print"),
    path("courriers/<int:pk>/", printing.letter_file, name="letter"),
    path("courriers/<int:pk>/retrait/", printing.letter_set_aside, name="letter_set_aside"),
    path("courriers/impressions/<int:pk>/", printing.batch_detail, name="batch"),
    path("courriers/impressions/<int:pk>/<int:number>/", printing.batch_part, name="batch_part"),
]
