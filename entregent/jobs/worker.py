"""How the worker finds its tasks (procrastinate)."""


def on_app_ready(app):
    """Called by procrastinate once Django is ready; tasks are found in each area's `tasks` module."""
