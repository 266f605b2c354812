"""How the journal names what is done with lists and custom fields."""

from django.utils.translation import gettext, gettext_lazy, ngettext

from entregent.organizations.journal import Line

# What one row of each table of this area is called in the journal.
TABLE_WORDS = {
    "listing_customfield": gettext_lazy("Champ personnalisé"),
    "listing_view": gettext_lazy("Vue"),
}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "code": gettext_lazy("Code"),
    "type": gettext_lazy("Type"),
    "options": gettext_lazy("Choix"),
}
ACTION_WORDS = {
    "create_custom_field": gettext_lazy("Champ personnalisé créé"),
    "update_custom_field": gettext_lazy("Champ personnalisé modifié"),
    "archive_custom_field": gettext_lazy("Champ personnalisé archivé"),
    "offer_custom_field": gettext_lazy("Champ personnalisé proposé de nouveau"),
    "delete_custom_field": gettext_lazy("Champ personnalisé supprimé"),
    "restore_custom_field": gettext_lazy("Champ personnalisé rétabli"),
    "purge_custom_field": gettext_lazy("Valeurs d’un champ personnalisé effacées"),
    "save_view": gettext_lazy("Vue enregistrée"),
    "update_view": gettext_lazy("Vue modifiée"),
    "delete_view": gettext_lazy("Vue supprimée"),
    "subscribe_to_view": gettext_lazy("Abonnement à une vue"),
    "unsubscribe_from_view": gettext_lazy("Fin d’abonnement à une vue"),
    "send_view": gettext_lazy("Vue envoyée par courriel"),
    "index_custom_field": gettext_lazy("Recherche mise à jour"),
}


def tell_view(organization_id, table, column, before, after, cache, row) -> list[Line] | None:
    """Criteria and columns of a view are data for programs: the journal says that they changed, not to what."""
    if table != "listing_view" or column not in ("condition", "columns"):
        return None
    if before == after:
        return []
    label = gettext("Critères") if column == "condition" else gettext("Champs affichés")
    told = [ngettext("%(n)d champ", "%(n)d champs", len(one or [])) % {"n": len(one or [])} for one in (before, after)]
    was, became = told if column == "columns" else ["", gettext("modifiés")]
    return [Line(label, was, became, column)]
