"""Files in an S3 bucket: against a real server on loopback."""

import io
import threading

import boto3
import pytest
from django.core.files.storage import storages
from moto.server import ThreadedMotoServer

from entregent.config.environment import load
from entregent.documents import actions
from entregent.documents.files import opened, storage
from entregent.documents.web.answers import file_answer
from entregent.toolbox.errors import NotFound

CONTENT = b"%PDF-1.7\n" + bytes(range(256)) * 40_000  # 10 MB


@pytest.fixture
def bucket(monkeypatch, settings):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3", endpoint_url=f"http://{host}:{port}", aws_access_key_id="clef", aws_secret_access_key="secret",
        region_name="us-east-1",
    )  # fmt: skip
    client.create_bucket(Bucket="fichiers")
    options = load(_env_file=None, storage_url=f"s3+http://clef:secret@{host}:{port}/fichiers").storage()
    settings.STORAGES = settings.STORAGES | {"documents": options}
    yield client
    client.close()
    server.stop()
    assert threading.active_count() < 20


def test_files_are_kept_read_given_out_and_removed(agent, bucket, django_capture_on_commit_callbacks):
    file = actions.keep_file(organization=agent.organization, name="Bail.pdf", content=CONTENT, by=agent)
    assert type(storages["documents"]).__name__ == "S3Storage"
    assert bucket.head_object(Bucket="fichiers", Key=file.key)["ContentLength"] == len(CONTENT)
    with opened(file) as content:
        assert content.read() == CONTENT
    assert b"".join(file_answer(file).streaming_content) == CONTENT
    with django_capture_on_commit_callbacks(execute=True):
        actions.remove_content(file)
    assert not storage().exists(file.key)


def test_pieces_of_an_upload_make_the_file(agent, bucket, django_capture_on_commit_callbacks):
    upload = actions.begin_upload(
        organization=agent.organization, owner="user:1", purpose="x", name="a.pdf", size=len(CONTENT)
    )
    for start in range(0, len(CONTENT), 4_000_000):
        piece = CONTENT[start : start + 4_000_000]
        actions.add_piece(upload, offset=start, content=io.BytesIO(piece), length=len(piece))
    with django_capture_on_commit_callbacks(execute=True):
        file = actions.finish_upload(upload, by=agent, organization=agent.organization)
    with opened(file) as content:
        assert content.read() == CONTENT
    assert "Contents" not in bucket.list_objects_v2(Bucket="fichiers", Prefix="uploads/")


def test_what_is_gone_from_the_bucket_is_not_found(agent, bucket):
    file = actions.keep_file(organization=agent.organization, name="Bail.pdf", content=b"x", by=agent)
    bucket.delete_object(Bucket="fichiers", Key=file.key)
    with pytest.raises(NotFound):
        file_answer(file)
