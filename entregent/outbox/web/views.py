import re

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from entregent.access.guard import public, requires
from entregent.access.rights import Right
from entregent.outbox import actions
from entregent.outbox.letters import with_links
from entregent.outbox.models import Message
from entregent.toolbox.errors import NotFound
from entregent.ui.pages import render, see

_ACCOUNT_LINK = re.compile(rf"{re.escape(settings.PUBLIC_URL)}/compte/[^\s<>\"']*")
PAGE = 100


@require_GET
@requires(Right.OUTBOX_VIEW)
def message_list(request):
    state = request.GET.get("etat", "")
    before = request.GET.get("avant", "")
    messages = _messages(request.member)
    if state in Message.State.values:
        messages = messages.filter(state=state)
    if before.isdecimal() and len(before) < 19:
        messages = messages.filter(pk__lt=int(before))
    rows = list(
        messages.only("id", "recipients", "subject", "state", "tries", "created_at", "sent_at", "error")[: PAGE + 1]
    )
    context = {
        "mails": rows[:PAGE],
        "next": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "states": Message.State.choices,
        "state": state,
        "is_kept": settings.MAIL_IS_KEPT,
    }
    return render(request, "outbox/message_list.html", context)


@require_GET
@requires(Right.OUTBOX_VIEW)
def message_detail(request, message_id):
    mail = _message(request.member, message_id)
    # The link of an invitation makes whoever follows it the person invited. Only where no mail leaves is it handed
    # over from this page, by those who invite.
    is_handed_over = settings.DEMO or (settings.MAIL_IS_KEPT and request.member.can(Right.MEMBERS))
    text = mail.text if is_handed_over else _ACCOUNT_LINK.sub(rf"{settings.PUBLIC_URL}/compte/…", mail.text)
    context = {"mail": mail, "parts": with_links(text), "is_kept": settings.MAIL_IS_KEPT}
    return render(request, "outbox/message_detail.html", context)


@require_POST
@requires(Right.OUTBOX_VIEW)
def retry_create(request, message_id):
    actions.retry_message(_message(request.member, message_id), by=request.member)
    url = reverse("outbox:list", args=[request.member.organization.slug])
    return see(request, url, toast=_("Le courriel est remis en file d’envoi."))


@require_GET
@public
def demo_mails(request):
    """Mails of the instance itself, newest first. The address exists in the demo only (config.urls)."""
    if not settings.DEMO:
        raise NotFound
    mails = [
        {"mail": mail, "parts": with_links(mail.text)}
        for mail in Message.objects.filter(organization_id__isnull=True)[:50]
    ]
    return render(request, "outbox/demo_mails.html", {"mails": mails})


def _messages(member):
    return Message.objects.filter(organization_id=member.organization_id)


def _message(member, message_id) -> Message:
    message = _messages(member).filter(pk=message_id).first()
    if message is None:
        raise NotFound
    return message
