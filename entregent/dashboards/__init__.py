"""Dashboards: one's home page, that of the organization, that of a client, composed of the portlets of other areas."""
