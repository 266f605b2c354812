"""Files on disk and by SFTP: what lies there, and the acknowledgements that come back."""

import asyncio
import csv
import io
import json
import threading

import asyncssh
import pytest

from entregent.clients.actions import remove_client
from entregent.connectors import actions
from entregent.connectors.carriers.files import folder_of
from entregent.connectors.tests.conftest import copy_of, exchanges, works
from entregent.toolbox.errors import Refusal, Refusals
from testing.cast import enter, make_client


def rows_in(folder):
    found = []
    for file in sorted(folder.glob("*.csv")):
        found += csv.DictReader(io.StringIO(file.read_text("utf-8-sig")), delimiter=";")
    for file in sorted(folder.glob("*.json")):
        found += json.loads(file.read_text())
    return found


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_batch_is_one_whole_file(connect, org, admin, client_north, form):
    make_client(org, "C902", "Deuxième; « ligne »")
    connector = connect("file", settings={"folder": "compta", "format": form})
    assert "dossier" in actions.try_connector(connector, by=enter(admin))
    actions.note_everybody(connector)
    works(org)
    folder = folder_of(org.slug, "compta")
    assert len(list(folder.glob(f"*.{form}"))) == 1
    assert not list(folder.glob("*.part"))
    rows = rows_in(folder)
    assert {row["number"] for row in rows} == {client_north.number, "C902"}
    assert {row["operation"] for row in rows} == {"push"}
    enter(admin)
    remove_client(client_north, by=admin)
    works(org)
    last = rows_in(folder)[-1]
    assert (last["operation"], last["number"]) == ("withdraw", client_north.number)
    assert client_north.name not in json.dumps(last)
    assert copy_of(connector, client_north).state == "gone"


def test_where_acknowledgements_are_expected_a_withdrawal_is_proven_by_one_alone(connect, org, admin, client_north):
    connector = connect("file", settings={"folder": "compta", "expects_acknowledgement": True})
    actions.note_everybody(connector)
    works(org)
    folder = folder_of(org.slug, "compta")
    assert exchanges(connector) == [("push", client_north.number, "dropped")]
    (row,) = rows_in(folder)
    (folder / "accuses" / "a1.json").write_text(json.dumps([{"key": row["key"], "external_id": "K-7"}]))
    works(org)
    copy = copy_of(connector, client_north)
    assert (copy.state, copy.external_id) == ("held", "K-7")
    assert not list((folder / "accuses").iterdir())
    enter(admin)
    remove_client(client_north, by=admin)
    works(org)
    assert copy_of(connector, client_north).state == "leaving"
    gone = rows_in(folder)[-1]
    assert gone["external_id"] == "K-7"
    (folder / "accuses" / "a2.csv").write_text(f"key;external_id;error\n{gone['key']};K-7;\nnichts;;\n")
    works(org)
    assert copy_of(connector, client_north).state == "gone"


def test_a_folder_is_a_plain_name(connect):
    for name in ("../ailleurs", "/etc", "Compta", ""):
        with pytest.raises(Refusals) as refused:
            connect("file", settings={"folder": name})
        assert refused.value.refusals[0].field == "folder"


class SftpServer:
    """A real server by SSH on loopback, whose root is a folder; one user with a password."""

    def __init__(self, root):
        self.root, self.key = root, asyncssh.generate_private_key("ssh-ed25519")
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.tried: list[str] = []

    def __enter__(self):
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(self._listen(), self.loop).result(20)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def _listen(self):
        outer = self

        class Door(asyncssh.SSHServer):
            def password_auth_supported(self):
                return True

            def validate_password(self, username, password):
                outer.tried.append(password)
                return (username, password) == ("entregent", "secret-sftp")

        return await asyncssh.listen(
            "127.0.0.1", 0, server_factory=Door, server_host_keys=[self.key],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(self.root)),
        )  # fmt: skip

    def __exit__(self, *error):
        async def close():
            self.server.close()
            await self.server.wait_closed()

        asyncio.run_coroutine_threadsafe(close(), self.loop).result(20)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(20)
        self.loop.close()

    @property
    def fingerprint(self):
        return self.key.get_fingerprint()


@pytest.fixture
def server(tmp_path):
    root = tmp_path / "sftp"
    root.mkdir()
    with SftpServer(root) as running:
        yield running


def settings_for(server, **more):
    return {"port": server.port, "username": "entregent", "folder": "depot/clients"} | more


def test_by_sftp_the_same_files_arrive(server, connect, org, admin, client_north):
    connector = connect(
        "sftp", address="127.0.0.1", secret="secret-sftp", settings=settings_for(server, fingerprint=server.fingerprint)
    )
    assert "réussie" in actions.try_connector(connector, by=enter(admin))
    actions.note_everybody(connector)
    works(org)
    assert exchanges(connector) == [("push", client_north.number, "accepted")]
    (row,) = rows_in(server.root / "depot" / "clients")
    assert row["name"] == client_north.name
    enter(admin)
    remove_client(client_north, by=admin)
    works(org)
    assert rows_in(server.root / "depot" / "clients")[-1]["operation"] == "withdraw"


def test_a_server_that_is_not_known_is_told_nothing(server, connect, admin):
    connector = connect("sftp", address="127.0.0.1", secret="secret-sftp", settings=settings_for(server))
    with pytest.raises(Refusal) as refused:
        actions.try_connector(connector, by=enter(admin))
    assert server.fingerprint in str(refused.value.message)
    assert server.tried == []


def test_another_key_of_the_server_stops_everything(server, connect, org, admin, client_north):
    other = asyncssh.generate_private_key("ssh-ed25519").get_fingerprint()
    connector = connect(
        "sftp", address="127.0.0.1", secret="secret-sftp", settings=settings_for(server, fingerprint=other)
    )
    actions.note_everybody(connector)
    works(org)
    assert exchanges(connector) == [("push", client_north.number, "pending")]
    assert server.tried == []


def test_a_wrong_password_is_told_as_such(server, connect, admin):
    connector = connect(
        "sftp", address="127.0.0.1", secret="autre", settings=settings_for(server, fingerprint=server.fingerprint)
    )
    with pytest.raises(Refusal) as refused:
        actions.try_connector(connector, by=enter(admin))
    assert "mot de passe" in str(refused.value.message)
