"""Where the administration stands in the top bar, and its own left navigation."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry, Section, administration_entries
from entregent.organizations.models import Membership
from entregent.toolbox.text import search_key
from entregent.ui.extension_points import NavigationEntry


def entries(member: Membership) -> list[AdministrationEntry]:
    def at(name: str) -> str:
        return reverse(f"organizations:{name}", kwargs={"organization": member.organization.slug})

    shown = []
    if member.can(Right.SETTINGS):
        shown += [
            AdministrationEntry(
                Section.ORGANIZATION,
                _("Organisation"),
                "building-community",
                at("settings"),
                _("nom langue pays devise fuseau horaire GRC terminologie vocabulaire second facteur sécurité"),
            ),
            AdministrationEntry(
                Section.ORGANIZATION,
                _("Modules"),
                "plug",
                at("modules"),
                _("activer désactiver portail délégation dossiers"),
            ),
            AdministrationEntry(
                Section.ORGANIZATION,
                _("Calendrier de travail"),
                "calendar",
                at("calendar"),
                _("jours ouvrés fériés chômés heures d'ouverture échéances délais"),
            ),
            AdministrationEntry(
                Section.EXCHANGES,
                _("Courriel"),
                "mail",
                at("mail"),
                _("expéditeur adresse signature réponse essai SMTP"),
            ),
        ]
    if member.can(Right.MEMBERS):
        shown.append(
            AdministrationEntry(
                Section.ACCESS,
                member.organization.term("staff", _("Membres et accès")),
                "users",
                at("members"),
                _("utilisateurs inviter rôle habilitations droits absence remplacement"),
            )
        )
    if member.can(Right.TEAMS):
        shown.append(
            AdministrationEntry(Section.ACCESS, _("Équipes"), "users-group", at("teams"), _("groupe services affecter"))
        )
    if member.can(Right.SECTORS):
        words = _("territoire arbre département région")
        shown.append(AdministrationEntry(Section.ACCESS, _("Secteurs"), "sitemap", at("sectors"), words))
    if member.can(Right.MEMBERS):
        shown.append(
            AdministrationEntry(Section.DATA, _("Jetons d'API"), "key", at("tokens"), _("clé programme intégration"))
        )
    if member.can(Right.SETTINGS):
        shown.append(
            AdministrationEntry(
                Section.OVERSIGHT,
                _("Journal d'audit"),
                "history",
                at("journal"),
                _("qui quoi quand modifications trace"),
            )
        )
    return shown


def all_entries(member: Membership, query: str = "") -> list[AdministrationEntry]:
    """The entries that the member may open and whose label or keywords hold every word of `query`, by section."""
    words = search_key(query).split()
    found = []
    for contribution in administration_entries:
        for entry in contribution(member):
            text = search_key(f"{entry.label} {entry.keywords}")
            if all(word in text for word in words):
                found.append(entry)
    return sorted(found, key=lambda entry: list(Section).index(entry.section))


def top_bar(member: Membership) -> list[NavigationEntry]:
    shown = all_entries(member)
    if not shown:
        return []
    prefix = f"/{member.organization.slug}/administration/"
    return [NavigationEntry(_("Administration"), "settings", shown[0].url, prefix=prefix)]
