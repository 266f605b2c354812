"""What can be done with file transfers: by members (`by=`), by somebody at the client (`access=`), by time."""

from entregent.transfers.actions.by_person import add_file, complete_request, reject, remove_file, sign
from entregent.transfers.actions.by_staff import (
    cancel_transfer,
    delete_transfer,
    remind,
    request_files,
    restore_transfer,
    send_files,
)
from entregent.transfers.actions.by_time import expire_due, warn_due
from entregent.transfers.actions.common import download
from entregent.transfers.actions.settings import update_transfer_settings

__all__ = [
    "add_file",
    "cancel_transfer",
    "complete_request",
    "delete_transfer",
    "download",
    "expire_due",
    "reject",
    "remind",
    "remove_file",
    "request_files",
    "restore_transfer",
    "send_files",
    "sign",
    "update_transfer_settings",
    "warn_due",
]
