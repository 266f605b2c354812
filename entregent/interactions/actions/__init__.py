"""What people do with interactions. Everything that changes one stands here, whoever asks: page, API, import."""

from entregent.interactions.actions.changes import (
    change_status,
    delete_interaction,
    restore_interaction,
    update_interaction,
)
from entregent.interactions.actions.entries import add_entry, update_entry
from entregent.interactions.actions.follow_ups import complete_follow_up, postpone_follow_up, reopen_follow_up
from entregent.interactions.actions.links import (
    link_agent,
    link_object,
    link_participant,
    unlink_agent,
    unlink_object,
    unlink_participant,
)
from entregent.interactions.actions.receiving import receive_message, record_by_system
from entregent.interactions.actions.recording import NO_CONTRACT, log_interaction
from entregent.interactions.actions.templates import create_record_template, update_record_template
from entregent.interactions.actions.topics import create_topic, seed_topics, update_topic

__all__ = [
    "NO_CONTRACT",
    "add_entry",
    "change_status",
    "complete_follow_up",
    "create_record_template",
    "create_topic",
    "delete_interaction",
    "link_agent",
    "link_object",
    "link_participant",
    "log_interaction",
    "postpone_follow_up",
    "receive_message",
    "record_by_system",
    "reopen_follow_up",
    "restore_interaction",
    "seed_topics",
    "unlink_agent",
    "unlink_object",
    "unlink_participant",
    "update_entry",
    "update_interaction",
    "update_record_template",
    "update_topic",
]
