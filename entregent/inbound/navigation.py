"""Where mails that came in stand in the administration."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry, Section


def administration(member) -> list[AdministrationEntry]:
    entries = []
    if member.can(Right.MAILBOXES):
        words = _("imap lmtp courriel entrant mot de passe serveur")
        entries.append(
            AdministrationEntry(Section.EXCHANGES, _("Boîtes de réception"), "mail", _at("mailboxes", member), words)
        )
    if member.can(Right.INBOUND_ATTACH):
        words = _("quarantaine courriel reçu expéditeur inconnu")
        entries.append(
            AdministrationEntry(Section.EXCHANGES, _("Courriels à rattacher"), "link", _at("mails", member), words)
        )
    return entries


def _at(name: str, member) -> str:
    return reverse(f"inbound:{name}", kwargs={"organization": member.organization.slug})
