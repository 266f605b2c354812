"""Sign-in and account at the portal's door: the views of the staff's pages with the portal's own layout.

They are django-allauth's, as there: the same lockout, the same sentence for every failure, the same rules. Under the
portal's URL conf every name leads to an address of the portal, also in the mail with a new password.
"""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from entregent.organizations import account_actions
from entregent.organizations.web import account_views as views
from entregent.organizations.web.account_forms import ProfileForm
from entregent.portal.guard import portal_public, portal_signed_in
from entregent.portal.web.errors import draw_refusal
from entregent.toolbox.errors import Refusal, Refusals
from entregent.ui.pages import add_refusal, render, see

LAYOUT = "portal/account.html"


def for_anybody(view):
    def guarded(request, *args, **kwargs):
        return _not_too_many(request, view(request, *args, **kwargs))

    return portal_public(guarded)


def for_oneself(view):
    def guarded(request, *args, **kwargs):
        request.account_layout = LAYOUT
        return _not_too_many(request, view(request, *args, **kwargs))

    return portal_signed_in(guarded)


def _not_too_many(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if response.status_code == 429:
        return cast(HttpResponse, draw_refusal(request, Refusal("E-RATE", views.TOO_MANY, status=429)))
    return response


class SignIn(views.SignIn):
    template = "portal/sign_in.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {"directory": None}


class Inactive(views.Inactive):
    intro: Any = gettext_lazy("Adressez-vous à l'organisation qui vous a ouvert son portail.")


@require_http_methods(["GET", "POST"])
def profile(request):
    """One's own name, language and theme, for all organizations."""
    user = request.user
    if request.method == "POST":
        form = ProfileForm(request.POST)
        form.fields.pop("single_key_shortcuts", None)
        if form.is_valid():
            try:
                account_actions.update_profile(
                    user, **form.cleaned_data, single_key_shortcuts=user.single_key_shortcuts
                )
            except (Refusal, Refusals) as refusal:
                add_refusal(form, refusal)
            else:
                response = see(request, request.path, toast=_("Votre profil est enregistré."))
                return views.with_theme(response, form.cleaned_data["theme"])
    else:
        form = ProfileForm(initial={field: getattr(user, field) for field in ("name", "language", "theme")})
        form.fields.pop("single_key_shortcuts", None)
    context = {"form": form, "here": "profile"}
    return render(request, "portal/profile.html", context, status=422 if form.errors else 200)
