"""Sign-in by the organization's own directory (OpenID Connect), beside what allauth does: `state` and PKCE.

A nonce ties the identity token to the request that asked for it, so that a token taken elsewhere opens no session
here; and whom the token names is whom the directory's user information describes (OpenID Connect Core §3.1.3.7 and
§5.3.2).
"""

import secrets

from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.utils.crypto import constant_time_compare

from entregent.toolbox.errors import NotFound


class Directory(OpenIDConnectOAuth2Adapter):
    """The exchange with the directory. `nonce` is that of the request whose answer is at hand."""

    nonce = ""

    def get_provider(self):
        return DirectoryProvider(self.request, app=super().get_provider().app)

    def complete_login(self, request, app, token, **kwargs):
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("The directory gave no identity token.")
        login = super().complete_login(request, app, token, **kwargs)
        told = login.account.extra_data
        if "userinfo" in told and told["userinfo"].get("sub") != told["id_token"].get("sub"):
            raise OAuth2Error("The user information is somebody else's.")
        return login

    def _decode_id_token(self, app, id_token):
        data = super()._decode_id_token(app, id_token)
        if not self.nonce or not constant_time_compare(str(data.get("nonce", "")), self.nonce):
            raise OAuth2Error("The identity token was made for another request.")
        return data


class DirectoryProvider(OpenIDConnectProvider):
    oauth2_adapter_class = Directory

    def get_redirect_from_request_kwargs(self, request):
        kwargs = super().get_redirect_from_request_kwargs(request)
        # Into the state, which waits in the session, and to the directory.
        kwargs["nonce"] = kwargs["auth_params"]["nonce"] = secrets.token_urlsafe(24)
        return kwargs


class _Callback(OAuth2CallbackView):
    def _get_state(self, request, provider):
        state, response = super()._get_state(request, provider)
        self.adapter.nonce = (state or {}).get("nonce", "")
        return state, response


def sign_in(request, provider_id: str):
    return _through(OAuth2LoginView, request, provider_id)


def callback(request, provider_id: str):
    return _through(_Callback, request, provider_id)


def _through(view, request, provider_id: str):
    try:
        return view.adapter_view(Directory(request, provider_id))(request)
    except SocialApp.DoesNotExist as absent:
        raise NotFound from absent
