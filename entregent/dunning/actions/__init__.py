"""What people and days do with dunning. Lock order: the organization's dunning, the invoice, the case, its plan.

`by` is a member, or None for the product itself.
"""

from entregent.dunning.actions.holds import lift_hold, set_hold
from entregent.dunning.actions.launching import KIND, dun_chunk, launch_dunning, run_daily
from entregent.dunning.actions.plans import create_plan, update_plan
from entregent.dunning.actions.stopping import stop_settled

__all__ = [
    "KIND",
    "create_plan",
    "dun_chunk",
    "launch_dunning",
    "lift_hold",
    "run_daily",
    "set_hold",
    "stop_settled",
    "update_plan",
]
