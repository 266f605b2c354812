"""« Courriel d'origine »: the mail as it came, shown where nothing of it can act or call out."""

import base64
import html as escaping

from csp.decorators import csp_update
from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.documents.models import StoredFile
from entregent.documents.types import media_type_of
from entregent.documents.web.answers import SHOWN
from entregent.inbound import actions, mails
from entregent.inbound.calls import calls_behind
from entregent.inbound.markup import cleaned
from entregent.inbound.models import RawMail
from entregent.inbound.reach import interactions_behind, mails_behind, original_for
from entregent.interactions.models import Interaction
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.ui.pages import render, see

# Pictures within the text, all together.
MOST_PICTURES = 8 * mails.MEGABYTE


@csp_update({"frame-src": ["'self'"]})
@require_GET
@requires(Right.INTERACTION_VIEW)
def mail_detail(request, mail_id):
    """Who wrote what to whom, its text, its files; the page itself holds nothing of the mail but text."""
    mail = original_for(request.member, mail_id)
    read = _read(mail)
    asked = cleaned(read.html, images={})[1] if read is not None else 0
    context = {
        "mail": mail,
        "read": read,
        "asked": asked,
        "is_remote": request.GET.get("images") == "1" and asked > 0,
        "interactions": interactions_behind(request.member, mail),
        "is_infected": mail.file.scan == StoredFile.Scan.INFECTED,
    }
    return render(request, "inbound/mail.html", context)


@require_GET
@requires(Right.INTERACTION_VIEW)
def mail_content(request, mail_id):
    """What stands in the frame: cleaned HTML under a policy that lets nothing run and nothing be fetched."""
    mail = original_for(request.member, mail_id)
    read = _read(mail)
    if read is None or not read.html:
        raise NotFound
    is_remote = request.GET.get("images") == "1"
    body, _asked = cleaned(read.html, images=_pictures(read), remote=is_remote)
    title = escaping.escape(mail.subject or _("(sans objet)"))
    page = (
        f'<!doctype html><html lang="{request.member.organization.language}"><head><meta charset="utf-8">'
        f'<title>{title}</title></head><body bgcolor="#ffffff" text="#1a1a1a">{body}</body></html>'
    )
    answer = HttpResponse(page, content_type="text/html; charset=utf-8")
    images = "data: https: http:" if is_remote else "data:"
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; img-src {images}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
        "sandbox allow-popups allow-popups-to-escape-sandbox"
    )
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@require_GET
@requires(Right.INTERACTION_VIEW)
def mail_file(request, mail_id):
    """The mail as it came, as a file."""
    mail = original_for(request.member, mail_id)
    if mail.file.scan == StoredFile.Scan.INFECTED:
        raise NotFound
    answer = HttpResponse(actions.content_of(mail), content_type="application/octet-stream")
    answer.headers["Content-Disposition"] = content_disposition_header(True, f"courriel-{mail.pk}.eml")
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@require_GET
@requires(Right.INTERACTION_VIEW)
def mails_of_interaction(request, number):
    """The mails that stand behind an interaction, as they came; where to drop one more."""
    member = request.member
    interaction = Interaction.objects.visible_to(member).select_related("client").found(number=number)
    may_log = Interaction.objects.visible_to(member, Right.INTERACTION_LOG).filter(pk=interaction.pk).exists()
    context = {
        "interaction": interaction,
        "mails": mails_behind(interaction),
        "calls": calls_behind(interaction),
        "may_log": may_log and not interaction.is_system,
        "error": "",
    }
    return render(request, "inbound/originals.html", context)


@require_POST
@requires(Right.INTERACTION_LOG)
def mail_add(request, number):
    """A mail kept as a file (.eml), dropped on an interaction (R003-24)."""
    member = request.member
    interaction = Interaction.objects.get_visible(member, Right.INTERACTION_LOG, number=number)
    given = request.FILES.get("courriel")
    try:
        if given is None or given.size > mails.MOST_OCTETS:
            raise Refusal("E-003-EML", _("Ce fichier n’est pas un courriel lisible (.eml)."), field="courriel")
        is_visible = request.POST.get("visible") == "1"
        actions.add_mail(given.read(), by=member, interaction=interaction, visible=is_visible)
    except (Refusal, Refusals) as refused:
        refusals = refused.refusals if isinstance(refused, Refusals) else [refused]
        told = " ".join(str(one.message) for one in refusals)
        context = {
            "interaction": interaction,
            "mails": mails_behind(interaction),
            "calls": calls_behind(interaction),
            "may_log": True,
            "error": told,
        }
        return render(request, "inbound/originals.html", context, status=refusals[0].status)
    url = reverse("interactions:detail", kwargs={"organization": member.organization.slug, "number": number})
    return see(request, url, toast=_("Courriel ajouté à l’interaction."))


def _read(mail: RawMail) -> mails.Mail | None:
    try:
        return mails.read(actions.content_of(mail))
    except (mails.Unreadable, NotFound):
        return None


def _pictures(read: mails.Mail) -> dict[str, str]:
    """Pictures that came with the mail, written into the page: a frame without origin may fetch none of ours."""
    found: dict[str, str] = {}
    total = 0
    for attached in read.files:
        total += len(attached.content)
        if attached.content_id and total <= MOST_PICTURES:
            kind = media_type_of(attached.content[:4096])
            if kind in SHOWN:
                found[attached.content_id] = f"data:{kind};base64,{base64.b64encode(attached.content).decode()}"
    return found
