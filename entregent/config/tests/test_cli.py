"""The command line: accounts and tokens, and a sentence instead of a traceback for what a person can mend."""

import os
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner

from entregent.access.wall import in_organization
from entregent.config.cli import main
from entregent.config.environment import CHECKOUT
from entregent.organizations.models import ApiToken, Membership, Organization, User

PASSWORD = "une phrase de passe assez longue"


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    return lambda *arguments: CliRunner().invoke(main, list(arguments))


def create_admin(run, slug="scierie", email="marie.curie@scierie.example", password=PASSWORD, *others):
    return run(
        "user", "create", "--organization", slug, "--email", email, "--password", password,
        "--organization-name", "Scierie du Lac", *others,
    )  # fmt: skip


@pytest.mark.django_db
def test_the_first_account_comes_with_its_organization(run):
    ended = create_admin(run)
    assert ended.exit_code == 0, ended.output
    user = User.objects.get(email="marie.curie@scierie.example")
    assert user.name == "Marie Curie"
    assert user.check_password(PASSWORD)
    organization = Organization.objects.get(slug="scierie")
    assert organization.name == "Scierie du Lac"
    with in_organization(organization.pk):
        assert Membership.objects.get(user=user).role == "admin"


@pytest.mark.django_db
def test_a_second_account_joins_the_organization_that_is_there(run):
    create_admin(run)
    assert create_admin(run, "scierie", "paul@scierie.example").exit_code == 0
    assert Organization.objects.filter(slug="scierie").count() == 1


@pytest.mark.django_db
def test_an_unknown_organization_is_told_with_the_known_ones(run):
    create_admin(run)
    ended = run("user", "create", "--organization", "scieri", "--email", "a@b.example", "--password", PASSWORD)
    assert ended.exit_code == 1
    assert "scieri\u00a0»" in ended.stderr
    assert "scierie" in ended.stderr
    assert not User.objects.filter(email="a@b.example").exists()


@pytest.mark.django_db
def test_a_weak_password_and_a_wrong_address_are_told_and_create_nothing(run):
    for email, password in (("a@b.example", "azerty"), ("not an address", PASSWORD)):
        ended = create_admin(run, "scierie", email, password)
        assert ended.exit_code == 1
        assert ended.stderr.count("\n") == 1
        assert ended.stderr.strip()
    assert not Organization.objects.filter(slug="scierie").exists()


@pytest.mark.django_db
def test_a_token_is_printed_alone_and_once(run):
    create_admin(run)
    ended = run("token", "create", "--organization", "scierie", "--email", "Marie.Curie@scierie.example")
    assert ended.exit_code == 0, ended.output
    (key,) = ended.stdout.splitlines()
    with in_organization(Organization.objects.get(slug="scierie").pk):
        assert ApiToken.objects.get().digest == ApiToken.digest_of(key)


@pytest.mark.django_db
def test_a_token_for_somebody_else_is_refused(run):
    create_admin(run)
    ended = run("token", "create", "--organization", "scierie", "--email", "stranger@scierie.example")
    assert ended.exit_code == 1
    assert ended.stdout == ""
    assert "stranger@scierie.example" in ended.stderr


def start(*arguments, **variables):
    return subprocess.run(
        [sys.executable, "-m", "entregent.config.cli", *arguments],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env=os.environ | {"LC_ALL": "fr_FR.UTF-8"} | variables,
    )


def test_a_wrong_setting_ends_every_start_with_code_2():
    ended = start("serve", ENTREGENT_PUBLIC_URL="ici")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1


def test_the_demo_is_for_this_machine_alone():
    ended = start("demo", ENTREGENT_PUBLIC_URL="https://grc.exemple.fr")
    assert ended.returncode == 2
    assert "grc.exemple.fr" in ended.stderr


def test_a_taken_port_is_told_with_another_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = start("serve", "--port", str(port))
    assert ended.returncode == 1
    assert f"PORT={port + 1}" in ended.stderr


def test_a_database_that_does_not_answer_is_told_in_a_sentence():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        ended = start("migrate", ENTREGENT_DATABASE_URL=f"postgresql://a@127.0.0.1:{closed.getsockname()[1]}/crm")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "base de données" in ended.stderr


def test_help_speaks_the_language_of_the_shell():
    assert "démonstration" in start("--help").stdout
    assert "whole demo" in start("--help", LC_ALL="en_GB.UTF-8").stdout
