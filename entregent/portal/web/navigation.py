"""The pages of the portal that stand in its navigation."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from entregent.organizations.models import Module
from entregent.portal.guard import PortalVisitor


def navigation(visitor: PortalVisitor) -> list[tuple[str, str, str]]:
    """(name of the URL, label, icon); the name is also what a page gives as `here`."""
    has_cases = visitor.organization.has_module(Module.CASEWORK) and visitor.access.client_id is not None
    has_transfers = visitor.organization.has_module(Module.FILE_TRANSFER)
    return [
        ("home", pgettext("portal", "Accueil"), "home"),
        ("exchanges", _("Mes échanges"), "message-2"),
        *([("cases", _("Mes dossiers"), "briefcase")] if has_cases else []),
        ("documents", _("Documents"), "folder"),
        *([("transfers", _("Transferts"), "transfer")] if has_transfers else []),
        ("details", _("Mes coordonnées"), "user"),
    ]
