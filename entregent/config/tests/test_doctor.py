"""The doctor says what is wrong and how to mend it, and is silent about what is well."""

import json
import os
import socket

import pytest
from click.testing import CliRunner

from entregent.config import doctor
from entregent.config.cli import main
from entregent.config.environment import load


@pytest.fixture(autouse=True)
def french(monkeypatch):
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def named(findings):
    return {finding.name: finding for finding in findings}


def test_a_machine_that_is_well_has_nothing_to_mend(tmp_path):
    findings = [
        doctor._python(),
        doctor._packages(),
        doctor._programs(load()),
        *doctor._data_folder(load(data_dir=tmp_path / "new")),
        doctor._port(load(), free_port()),
        doctor._clock(load()),
    ]
    assert [finding for finding in findings if not finding.is_well] == []


def test_a_wrong_setting_is_a_finding_and_not_an_error(monkeypatch):
    monkeypatch.setenv("ENTREGENT_WORKERS", "beaucoup")
    found = named(doctor.examine())["Réglages"]
    assert not found.is_well
    assert "ENTREGENT_WORKERS" in found.seen
    assert "comment y remédier" in found.as_text()


def test_a_taken_port_is_wrong_and_our_own_is_not():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        found = doctor._port(load(), taken.getsockname()[1])
    assert not found.is_well
    assert "PORT=" in found.remedy


def test_a_database_that_does_not_answer_is_told():
    environment = load(database_url=f"postgresql://ann@127.0.0.1:{free_port()}/crm", secret_key="k" * 40)
    (found,) = doctor._database(environment)
    assert not found.is_well
    assert "ENTREGENT_DATABASE_URL" in found.remedy


def test_an_embedded_server_that_does_not_run_is_no_fault(monkeypatch, tmp_path):
    monkeypatch.delenv("ENTREGENT_DATABASE_URL")
    (found,) = doctor._database(load(_env_file=None, data_dir=tmp_path))
    assert found.is_well


def test_a_database_without_tables_needs_migrations_and_a_worker():
    found = named(doctor._database(load()))
    assert found["Base de données"].is_well
    assert found["Extensions"].is_well
    assert found["Migrations"].remedy == "entregent migrate"
    assert not found["Migrations"].is_well


def test_a_mail_server_that_does_not_answer_is_told():
    port = free_port()
    (found,) = doctor._mail(load(mail_url=f"smtp://127.0.0.1:{port}"))
    assert not found.is_well
    assert str(port) in found.seen


def test_a_mail_server_that_answers_is_well():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        (found,) = doctor._mail(load(mail_url=f"smtp://127.0.0.1:{server.getsockname()[1]}"))
    assert found.is_well


def test_a_secret_key_that_others_can_read_is_told(tmp_path):
    key = tmp_path / "secret_key"
    key.touch(mode=0o644)
    os.chmod(key, 0o644)
    found = named(doctor._data_folder(load(data_dir=tmp_path)))["Clé secrète"]
    assert found.remedy == f"chmod 600 {key}"


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").touch()
    assert not doctor._data_folder(load(data_dir=tmp_path / "file"))[0].is_well


def test_a_check_that_falls_over_does_not_stop_the_others(monkeypatch):
    def fall_over(environment):
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(doctor, "_mail", fall_over)
    findings = named(doctor.examine(port=free_port()))
    assert "unforeseen" in findings["Examen"].seen
    assert "Horloge" in findings


def test_the_command_ends_with_1_when_something_is_wrong_and_speaks_json(monkeypatch):
    wrong = doctor.Finding("Port 1", False, "pris", "PORT=…")
    well = doctor.Finding("Python", True, "3.11", "nothing to mend")
    monkeypatch.setattr(doctor, "examine", lambda port: [well, wrong])
    ended = CliRunner().invoke(main, ["doctor", "--json"])
    assert ended.exit_code == 1
    assert json.loads(ended.stdout) == [
        {"name": "Python", "is_well": True, "seen": "3.11", "remedy": ""},
        {"name": "Port 1", "is_well": False, "seen": "pris", "remedy": "PORT=…"},
    ]
    monkeypatch.setattr(doctor, "examine", lambda port: [well])
    ended = CliRunner().invoke(main, ["doctor"])
    assert (ended.exit_code, ended.stdout) == (0, "✓ Python\u00a0: 3.11\n")
