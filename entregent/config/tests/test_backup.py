"""A backup and its way back: what comes out is what went in, bit for bit; what is damaged or in the way is refused."""

import hashlib
import json
import os
import stat
import tarfile

import psycopg
import pytest

from entregent.access.wall import APP_ROLE
from entregent.config.backup import BackupError, back_up, put_back
from entregent.config.environment import environment as of_this_run
from entregent.config.environment import load

MAINTENANCE = "postgres"


def dsn(name):
    parts = of_this_run.database()
    return psycopg.conninfo.make_conninfo(
        host=parts["HOST"],
        port=parts["PORT"] or None,
        user=parts["USER"],
        password=parts["PASSWORD"] or None,
        dbname=name,
    )


def url(name):
    address = of_this_run.database_url
    head, _, query = address.partition("?")
    return head.rsplit("/", 1)[0] + "/" + name + (f"?{query}" if query else "")


@pytest.fixture
def instance(tmp_path):
    """Makes instances: a database of their own and a data folder."""
    made = []

    def make(name):
        with psycopg.connect(dsn(MAINTENANCE), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        made.append(name)
        return load(_env_file=None, database_url=url(name), data_dir=tmp_path / name, secret_key=None, debug=True)

    yield make
    with psycopg.connect(dsn(MAINTENANCE), autocommit=True) as connection:
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(autouse=True)
def no_given_key(monkeypatch):
    monkeypatch.delenv("ENTREGENT_SECRET_KEY", raising=False)


@pytest.fixture
def source(instance):
    """An instance with rights, row security, a trigram index, odd texts and files of all kinds."""
    environment = instance("backup_source")
    with psycopg.connect(dsn("backup_source"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE]).fetchone():
            connection.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
        connection.execute("CREATE EXTENSION pg_trgm")
        connection.execute("CREATE TABLE client (id int PRIMARY KEY, organization_id int, name text)")
        connection.execute("CREATE INDEX ON client USING gin (name gin_trgm_ops)")
        connection.execute("ALTER TABLE client ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        connection.execute("CREATE POLICY own ON client USING (organization_id = 1)")
        connection.execute(f"GRANT SELECT ON client TO {APP_ROLE}")
        connection.execute(
            "INSERT INTO client SELECT n, n % 3, 'Lefèvre' || chr(10) || n || '\\N\t' FROM generate_series(1, 500) n"
        )
    environment.kept_secret_key()
    files = {"a/pièce jointe.pdf": os.urandom(5000), "a/b/vide.txt": b"", "c.eml": b"From: x\r\n" * 400}
    for name, content in files.items():
        path = environment.media_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return environment


def fingerprint(environment):
    """What an instance holds, in one value."""
    with psycopg.connect(dsn(environment.database()["NAME"])) as connection:
        rows = connection.execute("SELECT md5(string_agg(c::text, '|' ORDER BY id)), count(*) FROM client c").fetchone()
        shape = connection.execute(
            "SELECT relrowsecurity, relforcerowsecurity, has_table_privilege(%s, oid, 'SELECT'),"
            " (SELECT count(*) FROM pg_indexes WHERE tablename = 'client'),"
            " (SELECT count(*) FROM pg_policies WHERE tablename = 'client')"
            " FROM pg_class WHERE relname = 'client'",
            [APP_ROLE],
        ).fetchone()
    files = {
        path.relative_to(environment.media_dir).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in environment.media_dir.rglob("*")
        if path.is_file()
    }
    return rows, shape, files, environment.kept_secret_key()


def test_what_is_put_back_is_what_was_backed_up(source, instance, tmp_path):
    summary = back_up(source, tmp_path / "all.tar.gz")
    assert (summary["rows"], summary["files"]) == (500, 4)
    target = instance("backup_target")
    assert put_back(target, tmp_path / "all.tar.gz")["rows"] == 500
    assert fingerprint(target) == fingerprint(source)
    assert fingerprint(source)[0][1] == 500


def test_a_backup_is_readable_for_its_owner_alone_and_leaves_nothing_beside_it(source, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    back_up(source, folder / "all.tar.gz")
    assert stat.S_IMODE((folder / "all.tar.gz").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["all.tar.gz"]
    with tarfile.open(folder / "all.tar.gz") as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
    assert manifest["rows"] == {"client": 500}
    assert set(manifest["files"]) == {
        "database.dump",
        "secret_key",
        "media/a/b/vide.txt",
        "media/a/pièce jointe.pdf",
        "media/c.eml",
    }


def test_a_file_that_exists_is_not_replaced(source, tmp_path):
    (tmp_path / "kept").write_text("precious")
    with pytest.raises(BackupError, match="kept"):
        back_up(source, tmp_path / "kept")
    assert (tmp_path / "kept").read_text() == "precious"


def test_an_instance_with_tables_or_files_is_not_restored_into(source, instance, tmp_path):
    back_up(source, tmp_path / "all.tar.gz")
    before = fingerprint(source)
    with pytest.raises(BackupError):
        put_back(source, tmp_path / "all.tar.gz")
    assert fingerprint(source) == before
    target = instance("backup_target")
    target.media_dir.mkdir(parents=True)
    (target.media_dir / "somebody's.txt").touch()
    with pytest.raises(BackupError, match="media"):
        put_back(target, tmp_path / "all.tar.gz")


def tables(environment):
    with psycopg.connect(dsn(environment.database()["NAME"])) as connection:
        return connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()[0]


def test_a_damaged_backup_is_refused_before_anything_is_written(source, instance, tmp_path):
    back_up(source, tmp_path / "all.tar.gz")
    whole = (tmp_path / "all.tar.gz").read_bytes()
    target = instance("backup_target")
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    text = tmp_path / "text.tar.gz"
    text.write_text("hello")
    empty = tmp_path / "empty.tar.gz"
    empty.touch()
    changed = tmp_path / "changed.tar.gz"
    with tarfile.open(tmp_path / "all.tar.gz") as old, tarfile.open(changed, "w:gz") as new:
        for member in old.getmembers():
            file = old.extractfile(member)
            if member.name == "media/c.eml":
                member.size -= 1
            new.addfile(member, file)
    for damaged in (cut, text, empty, changed):
        with pytest.raises(BackupError, match=damaged.name):
            put_back(target, damaged)
        assert tables(target) == 0
        assert not target.media_dir.exists()


def test_a_backup_cannot_write_outside_of_the_instance(instance, tmp_path):
    target = instance("backup_target")
    evil = tmp_path / "evil.tar.gz"
    with tarfile.open(evil, "w:gz") as tar:
        entry = tarfile.TarInfo("../../escaped")
        tar.addfile(entry)
    with pytest.raises(BackupError):
        put_back(target, evil)
    assert not (tmp_path / "escaped").exists()
