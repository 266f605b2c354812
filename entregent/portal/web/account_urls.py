"""Sign-in and account at the portal's door. Names without a namespace are allauth's, as at the staff's."""

from django.urls import include, path, re_path

from entregent.organizations.web import account_views as views
from entregent.portal.guard import portal_public
from entregent.portal.web import account, home, sign_up
from entregent.portal.web.account import for_anybody, for_oneself

own = [
    path("", home.choose, name="root"),
    path("langue/", portal_public(views.language), name="language"),
    path("compte/", for_oneself(account.profile), name="profile"),
    path("compte/creation/", sign_up.ask, name="sign_up"),
    path("compte/creation/<str:token>/", sign_up.begin, name="sign_up_begin"),
    path("compte/sessions/<int:pk>/", for_oneself(views.end_session), name="end_session"),
]

urlpatterns = [
    path("", include((own, "account"))),
    path("connexion/", for_anybody(account.SignIn.as_view()), name="account_login"),
    path("connexion/verification/", for_anybody(views.SecondStep.as_view()), name="mfa_authenticate"),
    path("connexion/appareil/", for_anybody(views.TrustDevice.as_view()), name="mfa_trust"),
    path("connexion/cle-d-acces/", for_anybody(views.PasskeySignIn.as_view()), name="mfa_login_webauthn"),
    path("deconnexion/", for_anybody(views.SignOut.as_view()), name="account_logout"),
    path("compte/desactive/", for_anybody(account.Inactive.as_view()), name="account_inactive"),
    path("compte/mot-de-passe-oublie/", for_anybody(views.ForgottenPassword.as_view()), name="account_reset_password"),
    path("compte/lien-envoye/", for_anybody(views.LinkSent.as_view()), name="account_reset_password_done"),
    re_path(
        r"^compte/nouveau-mot-de-passe/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        for_anybody(views.NewPassword.as_view()),
        name="account_reset_password_from_key",
    ),
    path(
        "compte/mot-de-passe-enregistre/",
        for_anybody(views.NewPasswordDone.as_view()),
        name="account_reset_password_from_key_done",
    ),
    path("compte/mot-de-passe/", for_oneself(views.ChangePassword.as_view()), name="account_change_password"),
    path("compte/mot-de-passe/choisir/", for_oneself(views.SetPassword.as_view()), name="account_set_password"),
    path("compte/confirmation/", for_oneself(views.ConfirmByPassword.as_view()), name="account_reauthenticate"),
    path("compte/confirmation/code/", for_oneself(views.ConfirmByCode.as_view()), name="mfa_reauthenticate"),
    path(
        "compte/confirmation/cle-d-acces/",
        for_oneself(views.ConfirmByPasskey.as_view()),
        name="mfa_reauthenticate_webauthn",
    ),
    path("compte/securite/", for_oneself(views.Security.as_view()), name="mfa_index"),
    path("compte/securite/application/", for_oneself(views.ActivateTotp.as_view()), name="mfa_activate_totp"),
    path(
        "compte/securite/application/retirer/", for_oneself(views.DeactivateTotp.as_view()), name="mfa_deactivate_totp"
    ),
    path("compte/securite/cles/", for_oneself(views.Passkeys.as_view()), name="mfa_list_webauthn"),
    path("compte/securite/cles/ajouter/", for_oneself(views.AddPasskey.as_view()), name="mfa_add_webauthn"),
    path("compte/securite/cles/<int:pk>/", for_oneself(views.RenamePasskey.as_view()), name="mfa_edit_webauthn"),
    path(
        "compte/securite/cles/<int:pk>/retirer/", for_oneself(views.RemovePasskey.as_view()), name="mfa_remove_webauthn"
    ),
    path("compte/securite/codes/", for_oneself(views.RecoveryCodes.as_view()), name="mfa_view_recovery_codes"),
    path(
        "compte/securite/codes/nouveaux/",
        for_oneself(views.RenewRecoveryCodes.as_view()),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "compte/securite/codes/fichier/", for_oneself(views.download_recovery_codes), name="mfa_download_recovery_codes"
    ),
    path("compte/sessions/", for_oneself(views.Sessions.as_view()), name="usersessions_list"),
]
