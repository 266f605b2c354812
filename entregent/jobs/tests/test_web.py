from entregent.access.wall import in_organization
from entregent.jobs.actions import start_job
from entregent.jobs.models import Job
from entregent.jobs.tests import sample  # noqa: F401
from testing.cast import enter


def make_job(member):
    enter(member)
    return start_job(by=member, kind="test.sectors", label="Importation de communes.csv", data={"rows": 10}, total=10)


def test_the_page_shows_how_far_the_job_is(manager, signed_in):
    job = make_job(manager)
    page = signed_in(manager).get(f"/eaux/administration/travaux/{job.pk}/").content.decode()
    assert "Importation de communes.csv" in page
    assert 'hx-trigger="every 1s"' in page


def test_the_fragment_is_a_piece_of_the_page(manager, signed_in):
    job = make_job(manager)
    fragment = signed_in(manager).get(f"/eaux/administration/travaux/{job.pk}/", htmx=True).content.decode()
    assert fragment.strip().startswith('<section id="job-progress"')


def test_nobody_else_sees_a_job_but_an_administrator_does(manager, admin, reader, stranger, signed_in):
    job = make_job(manager)
    path = f"/eaux/administration/travaux/{job.pk}/"
    assert signed_in(admin).get(path).status_code == 200
    assert signed_in(reader).get(path).status_code == 403
    assert signed_in(stranger).get(path).status_code == 404
    assert signed_in(stranger).get(f"/autre/administration/travaux/{job.pk}/").status_code == 404


def test_a_job_is_cancelled_on_its_page(manager, signed_in):
    job = make_job(manager)
    answer = signed_in(manager).post(f"/eaux/administration/travaux/{job.pk}/annulation/")
    assert answer.status_code == 303
    with in_organization(manager.organization_id):
        assert Job.objects.get(pk=job.pk).state == "cancelled"


def test_the_list_shows_ones_own_jobs(manager, signed_in):
    make_job(manager)
    assert "Importation de communes.csv" in signed_in(manager).get("/eaux/administration/travaux/").content.decode()
