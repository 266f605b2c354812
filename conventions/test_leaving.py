"""Leave with everything: an organization in which every kind of record stands goes out whole and comes in again."""

import hashlib
import io
import json
import zipfile

import pytest
from django.apps import apps
from django.db import connection

from conventions.world import build
from entregent.access.wall import in_organization
from entregent.documents.models import StoredFile
from entregent.exchange.arriving import bring_in
from entregent.exchange.leaving import snapshot, write_archive
from entregent.exchange.whole import LEFT_OUT, ONLY_READ, lines, tables
from entregent.groups.models import ClientGroup, GroupMember
from entregent.organizations.models import Organization, User
from entregent.toolbox.errors import Refusal
from testing.cast import enter


@pytest.fixture
def archive(org, other_org, north, south, agent, reader, manager, admin, stranger, tmp_path):
    people = {"agent": agent, "reader": reader, "manager": manager, "admin": admin, "stranger": stranger}
    build(org, other_org, north, south, people)
    path = tmp_path / "tout.zip"
    with path.open("wb") as file, snapshot(org.pk):
        write_archive(file, org.pk)
    return path


def test_every_table_with_an_organization_leaves_or_says_why_not(db):
    owned = {
        model._meta.db_table for model in apps.get_models()
        if model._meta.managed and model.__module__.startswith("entregent.")
        and any(one.column == "organization_id" for one in model._meta.local_concrete_fields)
    }  # fmt: skip
    told = {table.name for table in tables()}
    assert told | LEFT_OUT == owned
    assert told & LEFT_OUT == set()
    assert told >= ONLY_READ


def test_it_comes_in_again_equal_by_checksums(archive, org):
    with zipfile.ZipFile(archive) as opened:
        manifest = json.loads(opened.read("manifest.json"))
    filled = {name for name, told in manifest["tables"].items() if told["rows"]}
    assert len(filled) > 60
    # Somebody who has no account in the instance that it comes to.
    User.objects.filter(email="admin@eaux.example").update(email="parti@eaux.example")
    summary = bring_in(archive, "retour")
    back = Organization.objects.get(slug="retour")
    assert back.name == org.name
    newcomer = User.objects.get(email="admin@eaux.example")
    newcomer.full_clean(exclude=["password"])
    assert not newcomer.has_usable_password()
    assert summary["created"] == sum(told["rows"] for told in manifest["tables"].values() if told["imported"])
    # Told again by itself, not by the comparison inside: the same rows but for their ids.
    shift = None
    for table in tables():
        told = manifest["tables"][table.name]
        if not told["imported"] or not told["rows"]:
            continue
        with in_organization(back.pk):
            if shift is None and table.has_id:
                with connection.cursor() as cursor:
                    cursor.execute(f"SELECT max(id) FROM {table.name} WHERE organization_id = {back.pk}")
                    shift = cursor.fetchone()[0] - told["last_id"]
            digest = hashlib.sha256("".join(f"{line}\n" for line in lines(table, back.pk, shift or 0)).encode())
        assert digest.hexdigest() == told["sha256"], table.name
    # What the database works out is worked out again.
    for table in (
        "search_entry",
        "clients_clientsummary",
        "interactions_words",
        "interactions_publishedentry",
        "cases_words",
    ):
        counts = []
        for one in (org, back):
            with in_organization(one.pk), connection.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM {table} WHERE organization_id = {one.pk}")
                counts.append(cursor.fetchone()[0])
        assert counts[0] == counts[1] > 0, table


def test_what_triggers_count_is_counted_again(org, admin, client_north, client_south, tmp_path):
    enter(admin)
    group = ClientGroup.objects.create(organization=org, name="Nord", name_key="nord")
    for client in (client_north, client_south):
        GroupMember.objects.create(organization=org, group=group, client=client)
    group.refresh_from_db()
    assert group.member_count == 2
    path = tmp_path / "groupes.zip"
    with path.open("wb") as file, snapshot(org.pk):
        write_archive(file, org.pk)
    bring_in(path, "retour")
    back = Organization.objects.get(slug="retour")
    with in_organization(back.pk):
        assert ClientGroup.objects.get(organization=back).member_count == 2
        assert GroupMember.objects.filter(organization=back).live().count() == 2


def test_secrets_do_not_leave(archive, org):
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        text = "".join(opened.read(name).decode("utf-8", "replace") for name in names if not name.startswith("files/"))
        users = [json.loads(line) for line in opened.read("users.jsonl").splitlines()]
    assert "enc:" not in text
    assert "password" not in {key for user in users for key in user}
    assert not any("apitoken" in name or "endpointstate" in name or "mailboxstate" in name for name in names)
    assert "Autre Maison" not in text


def test_files_leave_with_their_content(archive, org):
    with in_organization(org.pk):
        kept = dict(StoredFile.objects.filter(removed_at__isnull=True).values_list("pk", "sha256"))
    with zipfile.ZipFile(archive) as opened:
        manifest = json.loads(opened.read("manifest.json"))
        missing = set(manifest["files"]["missing"])
        told = {
            int(name.removeprefix("files/")): hashlib.sha256(opened.read(name)).hexdigest()
            for name in opened.namelist() if name.startswith("files/")
        }  # fmt: skip
    assert set(told) == set(kept) - missing
    assert len(told) == manifest["files"]["count"]


def changed(archive, name, content):
    """The archive with one member changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(made, "w") as new:
        for one in old.namelist():
            new.writestr(one, content if one == name else old.read(one))
    archive.write_bytes(made.getvalue())


@pytest.mark.parametrize("how", ["no zip", "empty", "other", "line", "manifest", "taken", "unknown table"])
def test_what_is_damaged_or_taken_is_refused_and_nothing_stays(archive, org, how, tmp_path):
    slug = org.slug if how == "taken" else "retour"
    if how == "no zip":
        archive.write_bytes(b"PK nothing of the kind")
    elif how == "empty":
        archive.write_bytes(b"")
    elif how == "other":
        with zipfile.ZipFile(archive, "w") as other:
            other.writestr("a.txt", "a")
    elif how == "line":
        with zipfile.ZipFile(archive) as opened:
            rows = opened.read("tables/clients_client.jsonl").splitlines(keepends=True)
        changed(archive, "tables/clients_client.jsonl", b"".join(rows[:-1]))
    elif how in ("manifest", "unknown table"):
        with zipfile.ZipFile(archive) as opened:
            manifest = json.loads(opened.read("manifest.json"))
        if how == "manifest":
            manifest["version"] = 99
        else:
            manifest["tables"]["clients_eaten"] = manifest["tables"].pop("clients_client")
        changed(archive, "manifest.json", json.dumps(manifest).encode())
    users = User.objects.count()
    with pytest.raises(Refusal) as refused:
        bring_in(archive, slug)
    assert refused.value.code in ("E-WHOLE-ARCHIVE", "E-WHOLE-TAKEN")
    assert not Organization.objects.filter(slug="retour").exists()
    assert User.objects.count() == users
