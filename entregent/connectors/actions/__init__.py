"""What is done with connectors: set up, told of clients who changed, sending, replaying. `by` is the member at work."""

from entregent.connectors.actions.noticing import note_everybody, take_up
from entregent.connectors.actions.sending import Lease, send_due
from entregent.connectors.actions.setting_up import (
    create_connector,
    delete_connector,
    dry_run,
    map_copy,
    replay,
    rotate_secret,
    send_everything,
    try_connector,
    update_connector,
)

__all__ = [
    "Lease",
    "create_connector",
    "delete_connector",
    "dry_run",
    "map_copy",
    "note_everybody",
    "replay",
    "rotate_secret",
    "send_due",
    "send_everything",
    "take_up",
    "try_connector",
    "update_connector",
]
