from django.urls import path

from entregent.groups.web import composing, employees, groups, requests, rules

app_name = "groups"

urlpatterns = [
    path("groupes-de-clients/", groups.group_list, name="list"),
    path("groupes-de-clients/choisir/", groups.choose, name="choose"),
    path("groupes-de-clients/nom/", groups.name_check, name="name"),
    path("groupes-de-clients/nouveau/", composing.create, name="create"),
    path("groupes-de-clients/nouveau/abandonner/", composing.forget, name="create_forget"),
    path("groupes-de-clients/employes/", employees.employee_list, name="employees"),
    path("groupes-de-clients/employes/modifier/", employees.assign, name="assign"),
    path("groupes-de-clients/employes/sommaire/", employees.summary, name="summary"),
    path("groupes-de-clients/employes/enregistrer/", employees.save, name="assign_save"),
    path("groupes-de-clients/employes/<int:pk>/", employees.employee, name="employee"),
    path("groupes-de-clients/<int:pk>/", groups.detail, name="detail"),
    path("groupes-de-clients/<int:pk>/modifier/", composing.update, name="update"),
    path("groupes-de-clients/<int:pk>/modifier/verifier/", composing.review, name="review"),
    path("groupes-de-clients/<int:pk>/modifier/abandonner/", composing.forget, name="update_forget"),
    path("groupes-de-clients/<int:pk>/regle/", rules.rule, name="rule"),
    path("groupes-de-clients/<int:pk>/supprimer/", groups.delete, name="delete"),
    path("demandes-de-traitement/", requests.request_list, name="requests"),
    path("demandes-de-traitement/<int:number>/", requests.request_detail, name="request"),
    path("demandes-de-traitement/<int:number>/relancer/", requests.retry, name="request_retry"),
    path("demandes-de-traitement/<int:number>/annuler/", requests.cancel, name="request_cancel"),
    path("demandes-de-traitement/<int:number>/defaire/", requests.undo, name="request_undo"),
]
