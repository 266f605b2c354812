"""Where plans are seen: the pages of `processes.web`, of which actions and areas below know the address alone."""


def plan_url(slug: str, run_id: int) -> str:
    return f"/{slug}/plans-d-action/{run_id}/"


def work_url(slug: str) -> str:
    return f"/{slug}/plans-d-action/"
