"""A kind of job for the tests: opens dossiers and starts their plans, some at a time, as a mass start does."""

from entregent.access.rights import Right
from entregent.cases.actions import Opening, open_cases
from entregent.cases.models import CaseType
from entregent.clients.models import Client
from entregent.jobs.registry import job_kind
from entregent.processes import actions
from entregent.processes.models import ProcessDefinition

KIND = "test.mass"


@job_kind(KIND, right=Right.PROCESS_LEAD)
def start_plans(work):
    """One in so many plans makes a letter."""
    while True:
        with work.chunk() as chunk:
            data, first = chunk.job.data, chunk.cursor.get("next", 1)
            last = min(first + data["at_once"] - 1, data["plans"])
            if first > last:
                return
            organization = chunk.member.organization
            client = Client.objects.get(organization=organization, number="N1")
            case_type = CaseType.objects.get(organization=organization, path="r")
            definition = ProcessDefinition.objects.select_related("live").get(organization=organization, code="masse")
            openings = [Opening(client, f"D{number}", f"invoice:{number}") for number in range(first, last + 1)]
            cases = open_cases(openings, organization=organization, case_type=case_type, by=chunk.member)
            starts = []
            for number, case in zip(range(first, last + 1), cases, strict=True):
                facts = {"lettre": number % data["letter_each"] == 0}
                starts.append(actions.Start(client, case, facts=facts, start_key=case.automatic_key))
            actions.launch_many(organization=organization, definition=definition, starts=starts, by=chunk.member)
            chunk.advance(len(starts), next=last + 1)
