from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    name = "entregent.dashboards"

    def ready(self):
        from entregent.dashboards import history
        from entregent.dashboards.web.portlets import portlets as own_portlets
        from entregent.organizations.extension_points import action_words, column_words, portlets, table_words

        action_words.add(history.ACTION_WORDS, name="dashboards.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="dashboards.history.TABLE_WORDS")
        column_words.add(("dashboards", history.COLUMN_WORDS), name="dashboards")
        portlets.add(own_portlets, order=40)
