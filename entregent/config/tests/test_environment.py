"""Settings from outside: what they become, and the one sentence when they are wrong."""

import os
import stat
import subprocess
import sys

import pytest

from entregent.config.environment import CHECKOUT, WrongSetting, load


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    """No setting of the test run, and a French shell."""
    for name in list(os.environ):
        if name.startswith("ENTREGENT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")


def test_nothing_set_means_embedded_postgresql_and_this_machine_only():
    environment = load(_env_file=None)
    assert environment.is_embedded
    assert environment.is_loopback
    assert environment.data_dir == CHECKOUT / "var"
    assert environment.allowed_hosts == ["127.0.0.1", "localhost", "[::1]"]
    assert environment.workers == 2
    assert environment.mail() is None


def test_variables_and_the_env_file_are_read_and_variables_win(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("ENTREGENT_WORKERS=5\nENTREGENT_LOG_FORMAT=json\nOTHER=1\n")
    monkeypatch.setenv("ENTREGENT_WORKERS", "3")
    environment = load(_env_file=tmp_path / ".env")
    assert (environment.workers, environment.log_format) == (3, "json")


def test_an_empty_variable_counts_as_absent(monkeypatch):
    monkeypatch.setenv("ENTREGENT_DATABASE_URL", "")
    assert load(_env_file=None).is_embedded


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://ann:p%40ss@db.example.com:6432/crm",
            ("crm", "ann", "p@ss", "db.example.com", "6432"),
        ),
        ("postgresql:///crm?host=/run/sockets", ("crm", "", "", "/run/sockets", "")),
        ("postgres://ann@[::1]/crm", ("crm", "ann", "", "::1", "")),
    ],
)
def test_a_database_address_becomes_djangos_pieces(url, expected):
    parts = load(_env_file=None, database_url=url, debug=True).database()
    assert tuple(parts[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")) == expected


def test_other_parameters_of_a_database_address_are_kept():
    environment = load(_env_file=None, database_url="postgresql://h/crm?sslmode=require", debug=True)
    assert environment.database()["OPTIONS"] == {"sslmode": "require"}


def test_migrations_use_the_owner_where_one_is_named():
    environment = load(
        _env_file=None, database_url="postgresql://web@h/crm", database_owner_url="postgresql://own@h/crm", debug=True
    )
    assert (environment.database()["USER"], environment.owner_database()["USER"]) == ("web", "own")


def test_a_mail_address_becomes_djangos_settings():
    mail = load(_env_file=None, mail_url="smtp+tls://ann:se%3Acret@mail.example.com").mail()
    assert mail == {
        "EMAIL_HOST": "mail.example.com",
        "EMAIL_PORT": 587,
        "EMAIL_HOST_USER": "ann",
        "EMAIL_HOST_PASSWORD": "se:cret",
        "EMAIL_USE_TLS": True,
        "EMAIL_USE_SSL": False,
    }


def test_the_public_host_is_the_only_one_allowed():
    environment = load(_env_file=None, public_url="https://grc.exemple.fr/")
    assert environment.public_url == "https://grc.exemple.fr"
    assert environment.allowed_hosts == ["grc.exemple.fr"]
    assert environment.is_https
    assert not environment.is_loopback


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:8010", "http://[::1]:8000"])
def test_the_demo_runs_on_this_machine(url):
    assert load(_env_file=None, demo=True, public_url=url).demo


WRONG = [
    ({"workers": "many"}, "ENTREGENT_WORKERS"),
    ({"workers": "0"}, "ENTREGENT_WORKERS"),
    ({"debug": "perhaps"}, "ENTREGENT_DEBUG"),
    ({"log_format": "xml"}, "text"),
    ({"database_url": "mysql://h/crm"}, "ENTREGENT_DATABASE_URL"),
    ({"database_url": "postgresql://h"}, "ENTREGENT_DATABASE_URL"),
    ({"database_url": "postgresql://h:port/crm?x=y"}, "ENTREGENT_DATABASE_URL"),
    ({"database_url": "postgresql://h/crm"}, "ENTREGENT_SECRET_KEY"),
    ({"secret_key": "short"}, "ENTREGENT_SECRET_KEY"),
    ({"public_url": "grc.exemple.fr"}, "ENTREGENT_PUBLIC_URL"),
    ({"public_url": "https://grc.exemple.fr/crm"}, "ENTREGENT_PUBLIC_URL"),
    ({"public_url": "https://[grc"}, "ENTREGENT_PUBLIC_URL"),
    ({"public_url": "https://grc.exemple.fr", "demo": True}, "ENTREGENT_PUBLIC_URL"),
    ({"mail_url": "mail.example.com"}, "ENTREGENT_MAIL_URL"),
    ({"inbound_mail_url": "pop3://mail.example.com"}, "ENTREGENT_INBOUND_MAIL_URL"),
    ({"storage_url": "s3://bucket"}, "ENTREGENT_STORAGE_URL"),
    ({"pg_bin_dir": "/nowhere"}, "ENTREGENT_PG_BIN_DIR"),
    ({"oidc_server_url": "https://id.example.com"}, "ENTREGENT_OIDC_CLIENT_ID"),
]


@pytest.mark.parametrize(("values", "named"), WRONG)
@pytest.mark.parametrize("language", ["fr_FR.UTF-8", "en_GB.UTF-8"])
def test_a_wrong_value_is_told_in_one_sentence(values, named, language, monkeypatch):
    monkeypatch.setenv("LC_ALL", language)
    with pytest.raises(WrongSetting) as told:
        load(_env_file=None, **values)
    sentence = str(told.value)
    assert named in sentence
    assert "\n" not in sentence
    assert sentence.endswith((".", "»."))


def test_a_secret_is_not_repeated_in_the_sentence():
    with pytest.raises(WrongSetting) as told:
        load(_env_file=None, database_url="mysql://ann:hunter2@h/crm")
    assert "hunter2" not in str(told.value)


def test_the_start_ends_with_code_2_and_no_traceback():
    ended = subprocess.run(
        [sys.executable, "-m", "django", "check"],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env=os.environ | {"ENTREGENT_WORKERS": "beaucoup", "DJANGO_SETTINGS_MODULE": "entregent.config.settings"},
    )
    assert ended.returncode == 2
    assert ended.stderr == "ENTREGENT_WORKERS\u00a0: il faut un nombre entier.\n"


def test_the_secret_key_is_made_once_and_kept_to_its_owner(tmp_path):
    environment = load(_env_file=None, data_dir=tmp_path / "data")
    key = environment.kept_secret_key()
    assert len(key) > 60
    assert environment.kept_secret_key() == key
    assert stat.S_IMODE((tmp_path / "data" / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret_key"]


def test_a_given_secret_key_is_used_and_none_is_made(tmp_path):
    environment = load(_env_file=None, data_dir=tmp_path, secret_key="k" * 40)
    assert environment.kept_secret_key() == "k" * 40
    assert list(tmp_path.iterdir()) == []


def test_files_go_where_the_storage_address_says():
    assert str(load(_env_file=None, storage_url="file:///srv/mes%20fichiers").media_dir) == "/srv/mes fichiers"


@pytest.mark.parametrize(
    "url",
    [
        "s3://hote/seau", "s3://clef:secret@/seau", "s3://clef:secret@hote", "s3://clef:secret@hote/a/b", "ftp://hote/a",
        "s3://clef:secret@hote:99999/seau",
    ],
)  # fmt: skip
def test_a_wrong_storage_stops_the_start_without_telling_its_secret(url):
    with pytest.raises(WrongSetting, match="ENTREGENT_STORAGE_URL\u00a0: il faut une adresse") as wrong:
        load(_env_file=None, storage_url=url)
    assert "clef" not in str(wrong.value)


def test_an_s3_address_becomes_djangos_pieces():
    environment = load(_env_file=None, storage_url="s3://clef:s%2Fecret@s3.example.com/seau?region=eu-west-3")
    options = environment.storage()["OPTIONS"]
    assert environment.keeps_files_in_s3
    assert options["endpoint_url"] == "https://s3.example.com"
    assert (options["bucket_name"], options["secret_key"], options["region_name"]) == ("seau", "s/ecret", "eu-west-3")
    assert environment.media_dir == environment.data_dir / "media"


@pytest.mark.parametrize("url", ["clamd:3310", "http://hote:3310", "unix://hote/x", "tcp://"])
def test_a_wrong_scanner_stops_the_start(url):
    with pytest.raises(WrongSetting, match="ENTREGENT_CLAMD_URL\u00a0: il faut une adresse"):
        load(_env_file=None, clamd_url=url)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, False),
        ("true", True),
        ("False", False),
        ("ERP.interne., 10.2.0.0/16,127.0.0.1", ["erp.interne", "10.2.0.0/16", "127.0.0.1/32"]),
        ("fd12::/16", ["fd12::/16"]),
    ],
)
def test_hosts_of_the_own_network_are_admitted_by_name_or_network(monkeypatch, value, expected):
    if value is not None:
        monkeypatch.setenv("ENTREGENT_PRIVATE_HOSTS", value)
    admitted = load(_env_file=None).admitted_private_hosts
    assert (admitted if isinstance(admitted, bool) else [str(one) for one in admitted]) == expected


@pytest.mark.parametrize("value", ["http://erp.interne/", "10.2.0.0/99", "a,,b", "erp:8080", "10.2.0.300"])
def test_what_names_no_host_stops_the_start(monkeypatch, value):
    monkeypatch.setenv("ENTREGENT_PRIVATE_HOSTS", value)
    with pytest.raises(WrongSetting, match=r"erp\.interne, 10\.2"):
        load(_env_file=None)
