"""A file that comes piece by piece goes on where it stopped."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone

from entregent.documents import actions, sweeping
from entregent.documents.files import opened, storage
from entregent.documents.models import Upload
from entregent.documents.web import uploads
from entregent.toolbox.errors import NotFound, Refusal
from testing.cast import enter

CONTENT = bytes(range(256)) * 4096  # 1 MB


@pytest.fixture
def upload(agent):
    return actions.begin_upload(
        organization=agent.organization, owner="user:1", purpose="transfer:1", name="../Plan.bin", size=len(CONTENT)
    )


def add(upload, start, end, content=None):
    content = CONTENT[start:end] if content is None else content
    return actions.add_piece(upload, offset=start, content=io.BytesIO(content), length=end - start)


def test_pieces_make_the_file_once(agent, upload, django_capture_on_commit_callbacks):
    for start in range(0, len(CONTENT), 300_000):
        received = add(upload, start, min(start + 300_000, len(CONTENT))).received
    assert received == len(CONTENT)
    with django_capture_on_commit_callbacks(execute=True):
        file = actions.finish_upload(upload, by=agent, organization=agent.organization)
    with opened(file) as content:
        assert content.read() == CONTENT
    assert file.name == "Plan.bin"
    assert actions.finish_upload(upload, by=agent, organization=agent.organization) == file
    assert storage().listdir(f"uploads/{agent.organization_id}") == ([], [])


def test_a_piece_sent_again_is_passed_over_and_one_too_early_is_refused(upload):
    add(upload, 0, 1000)
    assert add(upload, 0, 1000).received == 1000
    with pytest.raises(Refusal) as refused:
        add(upload, 5000, 6000)
    assert refused.value.status == 409
    assert add(upload, 1000, 2000).received == 2000


def test_a_browser_that_announces_more_than_it_sends_changes_nothing(upload):
    with pytest.raises(Refusal, match="E-004-PIECE"):
        add(upload, 0, 1000, b"x" * 10)
    upload.refresh_from_db()
    assert upload.received == 0


@pytest.mark.parametrize(("start", "end"), [(-1, 10), (0, 0), (0, len(CONTENT) + 1), (0, 17 * 1024 * 1024)])
def test_pieces_outside_of_the_file_are_refused(upload, start, end):
    with pytest.raises(Refusal, match="E-004-PIECE"):
        actions.add_piece(upload, offset=start, content=io.BytesIO(b""), length=end - start)


def test_a_file_that_has_not_come_whole_is_not_kept(agent, upload):
    add(upload, 0, 1000)
    with pytest.raises(Refusal, match="E-004-PIECE"):
        actions.finish_upload(upload, by=agent, organization=agent.organization)


def test_what_is_refused_at_the_end_is_refused_whole(agent):
    upload = actions.begin_upload(organization=agent.organization, owner="user:1", purpose="x", name="a.pdf", size=4)
    actions.add_piece(upload, offset=0, content=io.BytesIO(b"MZ\x90\0"), length=4)
    with pytest.raises(Refusal, match="E-004-TYPE"):
        actions.finish_upload(upload, by=agent, organization=agent.organization)
    actions.forget_upload(upload)
    assert not Upload.objects.exists()


def test_too_large_empty_and_programs_are_refused_before_anything_comes(agent):
    for name, size, code in (
        ("a", 0, "NOFILES"),
        ("a", -5, "NOFILES"),
        ("a", 5 * 1024**3, "SIZE"),
        ("a.exe", 1, "TYPE"),
    ):
        with pytest.raises(Refusal, match=f"E-004-{code}"):
            actions.begin_upload(organization=agent.organization, owner="user:1", purpose="x", name=name, size=size)


@pytest.mark.parametrize(("stands", "most"), [({}, 50), ({"received": 3, "size": 3}, 200)])
def test_one_begins_so_many_uploads_a_day(agent, stands, most):
    """Whether they are never finished, or finished and never handed in."""
    file = actions.keep_file(organization=agent.organization, name="a.txt", content=b"abc") if stands else None
    Upload.objects.bulk_create(
        Upload(
            organization=agent.organization, token=f"t{number}", owner="access:1", purpose="x", name="a.txt",
            file=file, **({"size": 3} | stands),
        )
        for number in range(most)
    )  # fmt: skip

    def begin(owner="access:1"):
        return actions.begin_upload(organization=agent.organization, owner=owner, purpose="x", name="a.txt", size=3)

    with pytest.raises(Refusal, match="E-004-UPLOADS") as refused:
        begin()
    assert refused.value.status == 409
    assert begin("access:2")
    Upload.objects.filter(token="t0").update(last_at=timezone.now() - timedelta(days=1, seconds=1))
    assert begin()


def test_a_token_is_of_use_to_its_owner_for_its_purpose_only(agent, upload):
    known = {
        "organization_id": agent.organization_id,
        "owner": "user:1",
        "purpose": "transfer:1",
        "token": upload.token,
    }
    assert actions.found_upload(**known) == upload
    for other in ({"owner": "user:2"}, {"purpose": "transfer:2"}, {"token": "x"}, {"organization_id": 0}):
        with pytest.raises(NotFound):
            actions.found_upload(**(known | other))


def test_a_file_for_which_no_form_came_is_swept_and_one_that_was_taken_stays(agent, django_capture_on_commit_callbacks):
    files = []
    for name in ("seul.txt", "pris.txt"):
        upload = actions.begin_upload(organization=agent.organization, owner="user:1", purpose="x", name=name, size=3)
        actions.add_piece(upload, offset=0, content=io.BytesIO(b"abc"), length=3)
        files.append(actions.finish_upload(upload, organization=agent.organization))
    taken = uploads.files_of([upload.token], organization=agent.organization, owner="user:1", purpose="x")
    assert taken == [files[1]]
    Upload.objects.update(last_at=timezone.now() - timedelta(days=3))
    with django_capture_on_commit_callbacks(execute=True):
        sweeping.sweep()
    enter(agent)
    assert not Upload.objects.exists()
    for file, is_there in zip(files, (False, True), strict=True):
        file.refresh_from_db()
        assert (file.removed_at is None, storage().exists(file.key)) == (is_there, is_there)
