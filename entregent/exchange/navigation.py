"""Where import, export and what works in the background stand in the administration."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry, Section
from entregent.organizations.models import Membership


def entries(member: Membership) -> list[AdministrationEntry]:
    def at(name: str) -> str:
        return reverse(name, kwargs={"organization": member.organization.slug})

    shown = []
    if member.can(Right.DATA_IMPORT):
        shown.append(
            AdministrationEntry(
                Section.DATA,
                _("Importations"),
                "database-import",
                at("exchange:imports"),
                _("importer fichier CSV XLSX reprise de données"),
            )
        )
    if member.can(Right.DATA_EXPORT):
        shown.append(
            AdministrationEntry(
                Section.DATA,
                _("Exportation"),
                "file-export",
                at("exchange:exports"),
                _("exporter télécharger fichier CSV XLSX"),
            )
        )
    if member.can(Right.LEAVE) and member.reach.is_whole(Right.CLIENT_VIEW):
        words = _("partir quitter tout exporter archive sauvegarde réversibilité portabilité")
        shown.append(
            AdministrationEntry(Section.DATA, _("Export complet"), "download", at("exchange:departures"), words)
        )
    if member.can(Right.OUTBOX_VIEW):
        shown.append(
            AdministrationEntry(
                Section.EXCHANGES,
                _("Boîte d’envoi"),
                "mail",
                at("outbox:list"),
                _("courriels envoyés échoués réessayer"),
            )
        )
    if member.can(Right.DATA_IMPORT):
        shown.append(
            AdministrationEntry(
                Section.OVERSIGHT, _("Tâches de fond"), "rotate", at("jobs:list"), _("travaux avancement arrêter")
            )
        )
    return shown
