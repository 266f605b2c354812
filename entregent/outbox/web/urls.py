from django.urls import path

from entregent.outbox.web import posts, views

app_name = "outbox"

urlpatterns = [
    path("administration/boite-d-envoi/", views.message_list, name="list"),
    path("administration/boite-d-envoi/nouvel-essai/", views.retry_all_create, name="retry_all"),
    path("administration/boite-d-envoi/<int:message_id>/", views.message_detail, name="detail"),
    path("administration/boite-d-envoi/<int:message_id>/contenu/", views.message_content, name="content"),
    path("administration/boite-d-envoi/<int:message_id>/nouvel-essai/", views.retry_create, name="retry"),
    path("administration/boite-d-envoi/messages/", posts.post_list, name="posts"),
    path("administration/boite-d-envoi/messages/nouvel-essai/", posts.retry_all_create, name="posts_retry"),
    path("administration/boite-d-envoi/messages/<int:post_id>/", posts.post_detail, name="post"),
    path("administration/boite-d-envoi/messages/<int:post_id>/nouvel-essai/", posts.retry_create, name="post_retry"),
    # The trace on a record: any page includes it by `hx-get` with `hx-trigger="load"`.
    path("courriels/<str:subject_type>/<int:subject_id>/", views.record_mails, name="record"),
    path("courriels/<int:message_id>/nouvel-essai/", views.record_retry_create, name="record_retry"),
]
