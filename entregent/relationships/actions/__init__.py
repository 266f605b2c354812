"""What can be done with business accounts and relationships. The provider's side takes `by`, a member; the client's
side takes `by`, an AccountUser."""

from entregent.relationships.actions.accounts import (
    add_account_user,
    add_program,
    change_account_user,
    choose_mails,
    keep_account,
    register_account,
    remove_account_user,
)
from entregent.relationships.actions.ending import (
    expire_due,
    forget_old_uses,
    give_up_relationship,
    mark_used,
    revoke_relationship,
    warn_due,
)
from entregent.relationships.actions.invitations import (
    accept_account_invitation,
    find_account_invitation,
    invite_account_user,
    withdraw_account_invitation,
)
from entregent.relationships.actions.joining import accept_joining, ask_to_join, reject_joining, withdraw_joining
from entregent.relationships.actions.requests import (
    approve_access,
    cancel_access_request,
    reject_access,
    request_access,
    set_request_days,
)

__all__ = [
    "accept_account_invitation",
    "accept_joining",
    "add_account_user",
    "add_program",
    "approve_access",
    "ask_to_join",
    "cancel_access_request",
    "change_account_user",
    "choose_mails",
    "expire_due",
    "find_account_invitation",
    "forget_old_uses",
    "give_up_relationship",
    "invite_account_user",
    "keep_account",
    "mark_used",
    "register_account",
    "reject_access",
    "reject_joining",
    "remove_account_user",
    "request_access",
    "revoke_relationship",
    "set_request_days",
    "warn_due",
    "withdraw_account_invitation",
    "withdraw_joining",
]
