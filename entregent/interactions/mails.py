"""Mails to the client about what was communicated to them: drawn from the projection and from nothing else."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from entregent.interactions.audience import Audience, Reader
from entregent.interactions.models import InteractionEntry, PublishedEntry
from entregent.organizations.models import Membership
from entregent.outbox.actions import send_mail
from entregent.outbox.addresses import INTERACTION
from entregent.outbox.models import Message


def announce(entry: InteractionEntry, audience: Audience, *, by: Membership) -> None:
    """Writes to whom the audience says, in the transaction of the entry, each in their language and alone.

    What is not in the projection is written to nobody, whatever was asked.
    """
    readers = audience.mailed
    if not readers:
        return
    published = PublishedEntry.objects.filter(pk=entry.pk).select_related("topic").first()
    if published is None:
        return
    files = list(published.files.filter(file__removed_at__isnull=True).values_list("file_id", flat=True))
    for reader in readers:
        with translation.override(reader.language):
            _send(published, reader, files, entry=entry, by=by, incoming=audience.incoming, sender=audience.sender)


def _send(published: PublishedEntry, reader: Reader, files, *, entry, by: Membership, incoming: bool, sender: str):
    words = {
        "name": reader.name,
        "author": published.shown_name,
        "organization": by.organization.name,
        "number": published.number,
        "about": published.subject or published.topic_label,
    }
    if incoming:
        subject = _("Nous avons enregistré votre demande n° %(number)s : %(about)s") % words
        opening = _("Nous avons enregistré ce que vous nous avez communiqué (n° %(number)s, « %(about)s ») :") % words
    else:
        subject = _("%(about)s (n° %(number)s)") % words
        opening = _("%(author)s vous écrit au sujet de « %(about)s » (n° %(number)s) :") % words
    paragraphs = [_("Bonjour %(name)s,") % words, opening]
    if published.text:
        paragraphs += [part for part in published.text.split("\n\n") if part.strip()]
    if files and reader.on_portal:
        paragraphs.append(_("Des fichiers sont joints à ce message : ils vous attendent sur le portail."))
    send_mail(
        organization_id=by.organization_id,
        to=reader.email,
        subject=subject,
        paragraphs=paragraphs,
        button=_portal_button(by.organization.slug, published.number) if reader.on_portal else None,
        language=reader.language,
        nature=Message.Nature.LETTER,
        sender_name=_("%(author)s (%(organization)s)") % words,
        # Where the organization takes no replies, they go to who wrote.
        reply_to="" if by.organization.mail_reply_address else sender,
        thread=(INTERACTION, published.number),
        attachments=[] if reader.on_portal else files,
        subject_record=entry.interaction,
        client_id=published.client_id,
        user_id=by.user_id,
    )


def _portal_button(slug: str, number: int) -> tuple[str, str]:
    # The portal has its own addresses, that this side cannot resolve.
    return _("Lire et répondre sur le portail"), f"{settings.PUBLIC_URL}/portail/{slug}/echanges/{number}/"
