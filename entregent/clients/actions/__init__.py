"""Everything that can be done to clients, people, addresses and business objects.

Each action is atomic, journals itself, and refuses with the sentences of requirements.md §5. `by` is the member at
work. The caller has fetched the record through `visible_to`: an action does not ask again who may do it.
"""

from entregent.clients.actions.addresses import remove_address, set_address
from entregent.clients.actions.clients import (
    convert_to_client,
    create_client,
    create_prospect,
    deactivate_client,
    delete_client,
    reactivate_client,
    reinstate_client,
    remove_client,
    restore_client,
    update_client,
)
from entregent.clients.actions.credit import lift_credit_hold, set_credit_hold
from entregent.clients.actions.duplicates import dismiss_pair, propose_pair_again, set_duplicate_rules, start_scan
from entregent.clients.actions.merging import merge_clients, undo_merge
from entregent.clients.actions.merging_people import (
    dismiss_people,
    merge_people,
    propose_people_again,
    start_people_scan,
    undo_person_merge,
)
from entregent.clients.actions.objects import (
    create_object_type,
    delete_object_type,
    seed_object_types,
    sync_business_object,
    update_object_type,
)
from entregent.clients.actions.people import (
    attach_person,
    create_person,
    delete_person,
    detach_person,
    mark_person,
    update_person,
)

__all__ = [
    "attach_person",
    "convert_to_client",
    "create_client",
    "create_object_type",
    "create_person",
    "create_prospect",
    "deactivate_client",
    "delete_client",
    "delete_object_type",
    "delete_person",
    "detach_person",
    "dismiss_pair",
    "dismiss_people",
    "lift_credit_hold",
    "mark_person",
    "merge_clients",
    "merge_people",
    "propose_pair_again",
    "propose_people_again",
    "reactivate_client",
    "reinstate_client",
    "remove_address",
    "remove_client",
    "restore_client",
    "seed_object_types",
    "set_address",
    "set_credit_hold",
    "set_duplicate_rules",
    "start_people_scan",
    "start_scan",
    "sync_business_object",
    "undo_merge",
    "undo_person_merge",
    "update_client",
    "update_object_type",
    "update_person",
]
