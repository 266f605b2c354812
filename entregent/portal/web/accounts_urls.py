"""Pages of business accounts, outside of any organization: `/portail/entreprises/…`."""

from django.urls import path

from entregent.portal.web import accounts, accounts_joining, accounts_requests, accounts_users

app_name = "portal_accounts"

urlpatterns = [
    path("", accounts.accounts, name="list"),
    path("inscription/", accounts.register, name="register"),
    path("rejoindre/", accounts_joining.join, name="join"),
    path("rejoindre/<int:pk>/retrait/", accounts_joining.withdraw, name="join_withdraw"),
    path("invitation/<str:token>/", accounts_users.invitation, name="invitation"),
    path("<str:number>/", accounts.providers, name="home"),
    path("<str:number>/demandes/<int:pk>/", accounts_requests.details, name="request"),
    path("<str:number>/demandes/<int:pk>/approbation/", accounts_requests.approve, name="approve"),
    path("<str:number>/demandes/<int:pk>/rejet/", accounts_requests.reject, name="reject"),
    path("<str:number>/relations/<int:pk>/", accounts.relationship, name="relationship"),
    path("<str:number>/relations/<int:pk>/revocation/", accounts.revoke, name="revoke"),
    path("<str:number>/registre/", accounts.registry, name="registry"),
    path("<str:number>/registre/telecharger/", accounts.registry_file, name="registry_file"),
    path("<str:number>/historique/", accounts.history, name="history"),
    path("<str:number>/utilisateurs/", accounts_users.users, name="users"),
    path("<str:number>/utilisateurs/nouveau/", accounts_users.invite, name="invite"),
    path("<str:number>/utilisateurs/<int:pk>/", accounts_users.change, name="user"),
    path("<str:number>/utilisateurs/<int:pk>/retrait/", accounts_users.remove, name="user_remove"),
    path("<str:number>/invitations/<int:pk>/retrait/", accounts_users.withdraw, name="withdraw"),
    path("<str:number>/personnes/<int:pk>/", accounts_joining.accept, name="joining"),
    path("<str:number>/personnes/<int:pk>/rejet/", accounts_joining.reject, name="joining_reject"),
    path("<str:number>/reglages/", accounts.choices, name="choices"),
    path("<str:number>/reglages/depart/", accounts.leave, name="leave"),
]
