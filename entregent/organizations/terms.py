"""Words that an organization may replace by its own (RX-10)."""

from django.utils.translation import gettext_lazy as _

TERMS = {
    "client": _("Client"),
    "clients": _("Clients"),
    "staff": _("Personnel"),
    "firm": _("Cabinet"),
}


def term(organization, name: str, language: str) -> str:
    """The organization's own word in `language`, else the product's word."""
    return organization.terminology.get(name, {}).get(language) or str(TERMS[name])
