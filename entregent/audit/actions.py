import json

from entregent.access.statements import rows_of


def record(
    name, /, *, by=None, organization_id=None, user_id=None, subject=None, client_id=None, reason="", told_as="", **data
):
    """Writes into the journal that an action named `name` is being done, and ties the row changes that follow to it.

    `by` is a Membership (anything with organization_id and user_id); a job gives the ids. `subject` is the record
    acted upon. Call it first in the action, inside its transaction. Returns the id of the journal entry.

    Who did it is told by the user's name; without a user it was the system, « Entregent ». Somebody at the client is no
    member: `told_as` is their name then (`by` may bring it: a portal access does), with or without an account.
    """
    if by is not None:
        organization_id, user_id = by.organization_id, by.user_id
        told_as = told_as or getattr(by, "told_as", "")
    if told_as:
        data["told_as"] = told_as
    ((entry_id, _, _),) = rows_of(
        """
        WITH entry AS (
            INSERT INTO audit_action
                (organization_id, user_id, name, subject_type, subject_id, client_id, reason, data)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
        )
        SELECT id, set_config('app.action_id', id::text, true), set_config('app.user_id', %s, true) FROM entry
        """,
        [
            organization_id,
            user_id,
            name,
            subject._meta.label_lower if subject is not None else "",
            subject.pk if subject is not None else None,
            client_id,
            str(reason),
            json.dumps(data, default=str),
            "" if user_id is None else str(user_id),
        ],
    )
    return entry_id
