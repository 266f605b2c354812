from django.urls import path

from entregent.interactions.web import compose, files, links, portal, recipients, templates, topics, views

app_name = "interactions"

urlpatterns = [
    path("contacts/nouveau/", compose.interaction_create, name="create"),
    path("contacts/modele/", compose.template_offer, name="template_offer"),
    path("interactions/", views.interaction_list, name="list"),
    path("interactions/ouvrir/", views.interaction_open, name="open"),
    path("interactions/destinataires/", recipients.recipients, name="recipients"),
    path("interactions/<int:number>/fichiers/<int:key>/", files.attachment, name="attachment"),
    path("interactions/<int:number>/", views.interaction_detail, name="detail"),
    path("interactions/<int:number>/general/", views.interaction_update, name="update"),
    path("interactions/<int:number>/statut/", views.status_update, name="status"),
    path("interactions/<int:number>/conversation/", views.entry_create, name="entry_create"),
    path("interactions/<int:number>/conversation/<int:seq>/", views.entry_update, name="entry_update"),
    path("interactions/<int:number>/suppression/", views.interaction_delete, name="delete"),
    path("interactions/<int:number>/retablissement/", views.interaction_restore, name="restore"),
    path("interactions/<int:number>/suivi/fait/", views.follow_up_complete, name="follow_up_complete"),
    path("interactions/<int:number>/suivi/reprise/", views.follow_up_reopen, name="follow_up_reopen"),
    path("interactions/<int:number>/suivi/report/", views.follow_up_postpone, name="follow_up_postpone"),
    path("interactions/<int:number>/interlocuteurs/", links.participant_create, name="participant_create"),
    path(
        "interactions/<int:number>/interlocuteurs/<int:key>/retrait/",
        links.participant_delete,
        name="participant_delete",
    ),
    path("interactions/<int:number>/agents/", links.agent_create, name="agent_create"),
    path("interactions/<int:number>/agents/<int:key>/retrait/", links.agent_delete, name="agent_delete"),
    path("interactions/<int:number>/objets/", links.object_create, name="object_create"),
    path("interactions/<int:number>/objets/<int:key>/retrait/", links.object_delete, name="object_delete"),
    path("suivis/", views.follow_up_list, name="follow_ups"),
    path("clients/<str:number>/interactions/", views.client_activity, name="client_activity"),
    path("clients/<str:number>/suivis/", views.client_follow_up_list, name="client_follow_ups"),
    path("clients/<str:number>/portail/", portal.client_portal, name="client_portal"),
    path(
        "clients/<str:number>/portail/<int:pk>/<slug:verb>/", portal.client_portal_change, name="client_portal_change"
    ),
    path("personnes/<int:pk>/portail/", portal.person_portal, name="person_portal"),
    path("personnes/<int:pk>/portail/<slug:verb>/", portal.person_portal_change, name="person_portal_change"),
    path("administration/portail/", portal.portal_settings, name="portal_settings"),
    path("administration/modeles/", templates.template_list, name="templates"),
    path("administration/modeles/nouveau/", templates.template_create, name="template_create"),
    path("administration/modeles/apercu/", templates.template_preview, name="template_preview"),
    path("administration/modeles/conditions/", templates.template_criteria, name="template_criteria"),
    path("administration/modeles/<slug:code>/", templates.template_update, name="template_update"),
    path("administration/rubriques/", topics.topic_list, name="topics"),
    path("administration/rubriques/nouvelle/", topics.topic_create, name="topic_create"),
    path("administration/rubriques/<slug:code>/", topics.topic_update, name="topic_update"),
]
