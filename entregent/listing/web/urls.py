from django.urls import path

from entregent.listing.web import custom_fields

app_name = "listing"

urlpatterns = [
    path("administration/champs/", custom_fields.field_list, name="custom_fields"),
    path("administration/champs/nouveau/", custom_fields.field_create, name="custom_field_create"),
    path("administration/champs/<int:pk>/", custom_fields.field_edit, name="custom_field"),
    path("administration/champs/<int:pk>/archivage/", custom_fields.field_offer, name="custom_field_offer"),
    path("administration/champs/<int:pk>/suppression/", custom_fields.field_delete, name="custom_field_delete"),
    path("administration/champs/<int:pk>/retablissement/", custom_fields.field_restore, name="custom_field_restore"),
    path("administration/champs/<int:pk>/effacement/", custom_fields.field_purge, name="custom_field_purge"),
]
