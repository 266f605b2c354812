from pathlib import Path

import pytest
from django.core.files import File

from entregent.exchange import actions
from entregent.exchange.mapping import from_yaml
from entregent.jobs.models import Job
from entregent.jobs.tasks import run_job
from testing.cast import enter

FILES = Path(__file__).parent / "files"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


class Bringing:
    """Brings a file in step by step, as the page does, in the test's own process."""

    def __init__(self, tmp_path):
        self.tmp_path = tmp_path

    def check(self, member, kind, content, mapping=None, name="fichier.csv"):
        """The dry run of a text, of bytes or of a file."""
        path = content if isinstance(content, Path) else self.tmp_path / name
        if not isinstance(content, Path):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        enter(member)
        with path.open("rb") as file:
            batch = actions.create_import(by=member, kind=kind, file=File(file), filename=path.name)
        if isinstance(mapping, Path):
            mapping = mapping.read_text()
        chosen = from_yaml(mapping) if mapping else actions.mapping_of(batch)
        actions.set_mapping(batch, by=member, mapping=chosen)
        self.run(actions.start_check(batch, by=member, in_background=False), batch, member)
        return batch

    def apply(self, batch, member, **options):
        enter(member)
        self.run(actions.start_import(batch, by=member, in_background=False, **options), batch, member)
        return batch

    def bring(self, member, kind, content, mapping=None, **options):
        return self.apply(self.check(member, kind, content, mapping), member, **options)

    def undo(self, batch, member):
        enter(member)
        self.run(actions.start_undo(batch, by=member, in_background=False), batch, member)
        return batch

    def run(self, job, batch, member):
        run_job(job_id=job.pk, organization_id=job.organization_id)
        enter(member)
        job.refresh_from_db()
        batch.refresh_from_db()
        self.job = job
        assert job.state == Job.State.DONE, job.error


@pytest.fixture
def bringing(tmp_path, db):
    return Bringing(tmp_path)
