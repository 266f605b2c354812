"""What areas add to jobs, which know nothing of them."""

from entregent.toolbox.extension_points import ExtensionPoint

# Filled by `organizations`: find_initiator(organization_id, user_id) -> Membership or None, inside the wall.
initiator_finders = ExtensionPoint("jobs.initiator_finders", doc="Finds the member on whose behalf a job works.")
# Contributions: failed(job), inside the wall of its organization, in the transaction that marks it as failed.
job_failures = ExtensionPoint("jobs.job_failures", doc="What happens when a job has failed: who asked for it is told.")
# Contributions: cancelled(job), inside the wall of its organization, in the transaction that ends it.
job_cancellations = ExtensionPoint("jobs.job_cancellations", doc="What ends with a job that somebody has cancelled.")
