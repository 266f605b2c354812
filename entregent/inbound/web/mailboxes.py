"""« Boîtes de réception »: administration of the mailboxes that are fetched."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.inbound import mailboxes
from entregent.inbound.models import Mailbox
from entregent.inbound.web.forms import MailboxForm
from entregent.organizations.web.administration import render_administration
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from entregent.ui.pages import add_refusal, see


@requires(Right.MAILBOXES)
def mailbox_list(request):
    found = _mailboxes(request.member)
    context = {
        "mailboxes": found,
        "lmtp_port": settings.LMTP_PORT,
        "has_instance_mailbox": bool(settings.INBOUND_MAIL_URL),
    }
    return render_administration(request, "inbound/mailboxes.html", context)


@requires(Right.MAILBOXES)
def mailbox_create(request):
    form = MailboxForm(request.POST or None, member=request.member)
    if request.method == "POST" and form.is_valid():
        try:
            if "try" in request.POST:
                return _tried(request, form, None)
            mailbox = mailboxes.create_mailbox(by=request.member, **form.changes())
            return _back(request, _("Boîte « %(name)s » ajoutée.") % {"name": mailbox.name})
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
    return _form(request, form, None)


@requires(Right.MAILBOXES)
def mailbox_update(request, pk):
    mailbox = _one(request.member, pk)
    form = MailboxForm(request.POST or None, instance=mailbox, member=request.member)
    if request.method == "POST" and form.is_valid():
        try:
            if "try" in request.POST:
                return _tried(request, form, _one(request.member, pk))
            changed = mailboxes.update_mailbox(mailbox, by=request.member, version=form.version_given, **form.changes())
            return _back(request, _("Boîte « %(name)s » modifiée.") % {"name": changed.name})
        except Stale as refusal:
            data = request.POST.copy()
            data["version"] = str(refusal.current.version)
            form = MailboxForm(data, instance=refusal.current, member=request.member)
            form.add_error(
                None, _("Quelqu’un a modifié cette boîte entre-temps : enregistrez pour garder votre saisie.")
            )
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
    return _form(request, form, _one(request.member, pk))


@requires(Right.MAILBOXES)
@require_POST
def mailbox_delete(request, pk):
    mailbox = _one(request.member, pk)
    mailboxes.delete_mailbox(mailbox, by=request.member)
    return _back(request, _("Boîte « %(name)s » retirée.") % {"name": mailbox.name})


def _tried(request, form, mailbox):
    found = mailboxes.try_mailbox(mailbox, by=request.member, **form.changes())
    told = ngettext(
        "Liaison réussie : %(n)s courriel dans le dossier.", "Liaison réussie : %(n)s courriels dans le dossier.", found
    )
    return _form(request, form, mailbox, tried=told % {"n": found})


def _form(request, form, mailbox, tried=""):
    status = 422 if request.method == "POST" and not tried else 200
    context = {"form": form, "mailbox": mailbox, "tried": tried}
    return render_administration(request, "inbound/mailbox_form.html", context, fragment="form", status=status)


def _mailboxes(member):
    return list(Mailbox.objects.select_related("state", "topic").filter(organization_id=member.organization_id))


def _one(member, pk) -> Mailbox:
    mailbox = Mailbox.objects.select_related("state").filter(organization_id=member.organization_id, pk=pk).first()
    if mailbox is None:
        raise NotFound
    return mailbox


def _back(request, toast: str):
    url = reverse("inbound:mailboxes", kwargs={"organization": request.member.organization.slug})
    return see(request, url, toast=toast)
