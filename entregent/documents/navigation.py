"""Where templates and letters stand in the administration and in the top bar."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry, Section
from entregent.organizations.models import Module


def administration(member) -> list[AdministrationEntry]:
    def at(name: str) -> str:
        return reverse(f"documents:{name}", kwargs={"organization": member.organization.slug})

    if not member.can(Right.TEMPLATES) or not member.organization.has_module(Module.CASEWORK):
        return []
    return [
        AdministrationEntry(
            Section.WORK,
            _("Modèles de documents"),
            "file-text",
            at("templates"),
            _("lettre courrier courriel Word modèle texte variables"),
        ),
        AdministrationEntry(
            Section.WORK,
            _("En-tête des lettres"),
            "mailbox",
            at("letterhead"),
            _("logo adresse enveloppe fenêtre pied de page papier"),
        ),
    ]
