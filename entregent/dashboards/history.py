"""How the journal names what was done with dashboards."""

from django.utils.translation import gettext_lazy

TABLE_WORDS = {"dashboards_layout": gettext_lazy("Disposition d’un tableau de bord")}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "board": gettext_lazy("Tableau de bord"),
    **dict.fromkeys(("placements",), ""),
}
ACTION_WORDS = {
    "add_portlet": gettext_lazy("Portlet ajouté à un tableau de bord"),
    "remove_portlet": gettext_lazy("Portlet retiré d’un tableau de bord"),
    "move_portlet": gettext_lazy("Portlet déplacé dans un tableau de bord"),
    "resize_portlet": gettext_lazy("Largeur d’un portlet changée"),
    "reset_dashboard": gettext_lazy("Tableau de bord rétabli"),
}
