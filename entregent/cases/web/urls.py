from django.urls import path

from entregent.cases.web import changes, contacts, letters, links, listing, notes, opening, proposals, types, views

app_name = "cases"

urlpatterns = [
    path("dossiers/nouveau/", opening.case_create, name="create"),
    path("dossiers/nouveau/proposition/", proposals.proposal, name="proposal"),
    path("dossiers/", listing.case_list, name="list"),
    path("clients/<str:number>/dossiers/", listing.client_cases, name="of_client"),
    path("administration/types-de-dossier/", types.type_list, name="types"),
    path("administration/types-de-dossier/nouveau/", types.type_create, name="type_create"),
    path("administration/types-de-dossier/<int:pk>/", types.type_update, name="type_update"),
    path("dossiers/<int:number>/", views.case_detail, name="detail"),
    path("dossiers/<int:number>/rapport/", views.case_report, name="report"),
    path("dossiers/<int:number>/suite/", views.case_timeline, name="timeline"),
    path("dossiers/<int:number>/elements/", views.case_elements, name="elements"),
    path("dossiers/<int:number>/documents/<int:key>/", views.document, name="document"),
    path("dossiers/<int:number>/modification/", changes.case_update, name="update"),
    path("dossiers/<int:number>/etat/", changes.state_update, name="state"),
    path("dossiers/<int:number>/cloture/", changes.case_close, name="close"),
    path("dossiers/<int:number>/suppression/", opening.case_delete, name="delete"),
    path("dossiers/<int:number>/retablissement/", opening.case_restore, name="restore"),
    path("dossiers/<int:number>/fusion/", changes.case_merge, name="merge"),
    path("dossiers/<int:number>/fusion/<int:key>/annulation/", changes.merge_undo, name="merge_undo"),
    path("dossiers/<int:number>/separation/annulation/", contacts.split_undo, name="split_undo"),
    path("dossiers/<int:number>/contacts/<int:contact>/retrait/", contacts.contact_detach, name="contact_detach"),
    path("dossiers/<int:number>/contacts/<int:contact>/separation/", contacts.contact_split, name="contact_split"),
    path("dossiers/<int:number>/interlocuteurs/", links.participant_create, name="participant_create"),
    path(
        "dossiers/<int:number>/interlocuteurs/<int:key>/retrait/", links.participant_delete, name="participant_delete"
    ),
    path("dossiers/<int:number>/agents/", links.agent_create, name="agent_create"),
    path("dossiers/<int:number>/agents/<int:key>/retrait/", links.agent_delete, name="agent_delete"),
    path("dossiers/<int:number>/objets/", links.object_create, name="object_create"),
    path("dossiers/<int:number>/objets/<int:key>/retrait/", links.object_delete, name="object_delete"),
    path("dossiers/<int:number>/liens/", links.link_create, name="link_create"),
    path("dossiers/<int:number>/liens/<int:other>/retrait/", links.unlink, name="unlink"),
    path("dossiers/<int:number>/notes/", notes.note_create, name="note_create"),
    path("dossiers/<int:number>/taches/", notes.task_create, name="task_create"),
    path("dossiers/<int:number>/taches/<int:key>/", notes.task_set, name="task_set"),
    path("dossiers/<int:number>/taches/<int:key>/retrait/", notes.task_delete, name="task_delete"),
    path("dossiers/<int:number>/rappels/", notes.reminder_create, name="reminder_create"),
    path("dossiers/<int:number>/rappels/<int:key>/fait/", notes.reminder_done, name="reminder_done"),
    path("dossiers/<int:number>/courrier/", letters.letter_create, name="letter_create"),
    path("dossiers/<int:number>/courrier/apercu/", letters.letter_preview, name="letter_preview"),
    path("dossiers/<int:number>/courrier/essai/", letters.letter_trial, name="letter_trial"),
    path("dossiers/<int:number>/documents/", notes.document_create, name="document_create"),
    path("dossiers/<int:number>/documents/<int:key>/retrait/", notes.document_delete, name="document_delete"),
    path("interactions/<int:number>/dossiers/", contacts.of_contact, name="of_contact"),
    path("interactions/<int:contact>/deplacement/", contacts.contact_move, name="contact_move"),
]
