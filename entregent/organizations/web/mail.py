"""« Courriel »: how the organization's mails present themselves, seen before one leaves."""

from django.conf import settings
from django.http import HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.organizations import actions, letterhead, sender_address
from entregent.organizations.models import User
from entregent.organizations.web.administration import address, render_administration, with_version
from entregent.organizations.web.forms import MailForm, both_versions
from entregent.outbox.letters import compose
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from entregent.ui.frames import framed, holds_frames
from entregent.ui.pages import add_refusal, see


@requires(Right.SETTINGS)
@holds_frames
def mail(request: MemberRequest) -> HttpResponse:
    organization = request.member.organization
    if request.method != "POST":
        return _page(request, MailForm.of(organization))
    form = MailForm(request.POST)
    if form.is_valid():
        try:
            actions.update_mail_settings(
                organization, by=request.member, version=form.cleaned_data["version"], **form.changes()
            )
        except Stale as refusal:
            form = MailForm(with_version(request, refusal.current.version))
            form.is_valid()
            versions = both_versions(form, MailForm.of(refusal.current))
            return _page(request, form, versions=versions, refusal=refusal, status=409)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return see(request, address(request, "mail"), toast=_("Réglages enregistrés."))
    return _page(request, form, status=422)


def _page(request: MemberRequest, form: MailForm, *, versions=(), refusal=None, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "versions": list(versions),
        "refusal": refusal,
        "is_kept": settings.MAIL_IS_KEPT,
        "instance_sender": settings.DEFAULT_FROM_EMAIL,
        "languages": User.Language.choices,
        "own_address": request.member.user.email,
        "asked_address": _asked_address(request.member.organization),
    }
    return render_administration(request, "organizations/mail.html", context, status=status)


def _asked_address(organization) -> str:
    """The sender's address that waits for its confirmation, if one does."""
    return "" if organization.is_sender_confirmed else organization.mail_sender_address


@require_POST
@requires(Right.SETTINGS)
def ask_again(request: MemberRequest) -> HttpResponse:
    try:
        organization = actions.ask_sender_address(by=request.member)
    except Refusal as refusal:
        return see(request, address(request, "mail"), toast=refusal.message)
    told = _("Un lien de confirmation part pour %(address)s.") % {"address": organization.mail_sender_address}
    return see(request, address(request, "mail"), toast=told)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.SETTINGS)
def confirm(request: MemberRequest, token: str) -> HttpResponse:
    """Where the link of the mail leads: asked once more, since programs that look at mails follow links too."""
    organization = request.member.organization
    try:
        if request.method == "POST":
            actions.confirm_sender_address(token, by=request.member)
            return see(request, address(request, "mail"), toast=_("Adresse de l’expéditeur confirmée."))
        sender_address.check(token, organization)
    except Refusal as refusal:
        context = {"refusal": refusal, "asked_address": ""}
        return render_administration(request, "organizations/mail_confirm.html", context, status=refusal.status)
    context = {"refusal": None, "name": organization.name, "asked_address": _asked_address(organization)}
    return render_administration(request, "organizations/mail_confirm.html", context)


@require_GET
@requires(Right.SETTINGS)
def preview(request: MemberRequest, language: str) -> HttpResponse:
    """A mail as it will look, with the settings that are saved."""
    if language not in User.Language.values:
        raise NotFound
    organization = request.member.organization
    with translation.override(language):
        subject, paragraphs = actions.trial_mail(organization)
    _text, html = compose(
        subject=subject,
        paragraphs=paragraphs,
        button=None,
        letterhead=letterhead.of(organization),
        language=language,
    )
    return framed(html)


@require_POST
@requires(Right.SETTINGS)
def trial_create(request: MemberRequest) -> HttpResponse:
    actions.send_trial_mail(by=request.member)
    told = _("Le courriel d’essai pour %(address)s est dans la boîte d’envoi.") % {"address": request.member.user.email}
    return see(request, address(request, "mail"), toast=told)
