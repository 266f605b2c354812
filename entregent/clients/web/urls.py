from django.urls import path

from entregent.clients.web import access, addresses, credit, editing, history, listing, object_types, panes, people

app_name = "clients"
urlpatterns = [
    path("clients/", listing.client_list, name="list"),
    path("clients/nouveau/", editing.prospect_create, name="prospect_create"),
    path("clients/nouveau/client/", editing.client_create, name="create"),
    path("clients/nouveau/doublons/", editing.duplicates, name="duplicates"),
    path("clients/<str:number>/modifier/", editing.client_edit, name="edit"),
    path("clients/<str:number>/statut/", editing.status_change, name="status"),
    path("clients/<str:number>/suppression/", editing.client_delete, name="delete"),
    path("clients/<str:number>/restauration/", editing.client_restore, name="restore"),
    path("clients/<str:number>/volets/<slug:pane>/", panes.pane, name="pane"),
    path("clients/<str:number>/blocage-de-credit/", credit.credit_hold, name="credit_hold"),
    path("clients/<str:number>/historique/", history.client_history, name="history"),
    path("clients/<str:number>/acces/", access.client_access, name="access"),
    path("clients/<str:number>/adresses/nouvelle/", addresses.address_create, name="address_create"),
    path("clients/<str:number>/adresses/<int:pk>/", addresses.address_edit, name="address_edit"),
    path("clients/<str:number>/personnes/nouvelle/", people.person_create, name="person_create"),
    path("clients/<str:number>/personnes/rattachement/", people.person_attach, name="person_attach"),
    path("clients/<str:number>/personnes/<int:pk>/", people.tie_edit, name="tie"),
    path("personnes/nouvelle/", people.standalone_create, name="person_create_alone"),
    path("personnes/<int:pk>/", people.person_detail, name="person"),
    path("personnes/<int:pk>/modifier/", people.person_edit, name="person_edit"),
    path("personnes/<int:pk>/suppression/", people.person_delete, name="person_delete"),
    path("personnes/<int:pk>/adresses/nouvelle/", addresses.person_address_create, name="person_address_create"),
    path("personnes/<int:pk>/adresses/<int:address_pk>/", addresses.person_address_edit, name="person_address_edit"),
    path("administration/objets-metier/", object_types.type_list, name="object_types"),
    path("administration/objets-metier/nouveau/", object_types.type_create, name="object_type_create"),
    path("administration/objets-metier/<slug:code>/", object_types.type_edit, name="object_type"),
]
