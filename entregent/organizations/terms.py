"""Words that an organization may replace by its own (RX-10)."""

from django.utils.translation import gettext_lazy as _

TERMS = {
    "client": _("Client"),
    "clients": _("Clients"),
    "staff": _("Personnel"),
    "firm": _("Cabinet"),
}
