from django.urls import path

from entregent.organizations.web import administration, calendar, journal, mail, members, sectors, teams, tokens

app_name = "organizations"

urlpatterns = [
    path("administration/organisation/", administration.settings, name="settings"),
    path("administration/modules/", administration.modules, name="modules"),
    path("administration/calendrier/", calendar.calendar, name="calendar"),
    path("administration/equipes/", teams.teams, name="teams"),
    path("administration/equipes/nouvelle/", teams.team_create, name="team_create"),
    path("administration/equipes/<slug:code>/", teams.team, name="team"),
    path("administration/courriel/", mail.mail, name="mail"),
    path("administration/courriel/apercu/<str:language>/", mail.preview, name="mail_preview"),
    path("administration/courriel/essai/", mail.trial_create, name="mail_trial"),
    path("administration/courriel/renvoyer/", mail.ask_again, name="mail_ask_again"),
    path("administration/courriel/confirmation/<str:token>/", mail.confirm, name="mail_confirm"),
    path("administration/membres/", members.members, name="members"),
    path("administration/membres/inviter/", members.invite, name="invite"),
    path("administration/membres/<int:pk>/", members.member, name="member"),
    path("administration/membres/<int:pk>/etat/", members.set_active, name="member_state"),
    path("administration/membres/<int:pk>/invitation/", members.invite_again, name="invite_again"),
    path("administration/membres/<int:pk>/acces/", members.member_access, name="member_access"),
    path("administration/membres/<int:pk>/acces/<int:grant>/retirer/", members.revoke, name="revoke"),
    path("administration/membres/<int:pk>/absence/", members.member_absence, name="member_absence"),
    path("mon-absence/", members.my_absence, name="my_absence"),
    path("administration/secteurs/", sectors.sectors, name="sectors"),
    path("administration/secteurs/nouveau/", sectors.sector_create, name="sector_create"),
    path("administration/secteurs/<int:pk>/", sectors.sector, name="sector"),
    path("administration/secteurs/<int:pk>/supprimer/", sectors.sector_delete, name="sector_delete"),
    path("administration/jetons/", tokens.tokens, name="tokens"),
    path("administration/jetons/<int:pk>/revoquer/", tokens.token_revoke, name="token_revoke"),
    path("administration/journal/", journal.journal, name="journal"),
    path("administration/journal/<int:pk>/", journal.entry, name="journal_entry"),
]
