"""Settings from outside: environment variables with the prefix ENTREGENT_ and a `.env` file.

`entregent.config.settings` turns them into Django's. A wrong value stops the start with one sentence and exit code 2.
"""

import ipaddress
import os
import re
import secrets
import sys
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from entregent.config import embedded_postgres
from entregent.config.terminal import spoken

PREFIX = "ENTREGENT_"
CHECKOUT = Path(__file__).resolve().parents[2]

# The schemes that Django's mail backends, our reader of mailboxes and our storages understand.
MAIL_SCHEMES = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
INBOUND_MAIL_SCHEMES = {"imap": 143, "imap+tls": 143, "imaps": 993}
# s3 speaks https, s3+http only to a server of one's own network.
S3_SCHEMES = ("s3", "s3+http")


def is_checkout() -> bool:
    """Whether the code runs from a clone rather than from site-packages."""
    return (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "entregent").is_dir()


def default_data_dir() -> Path:
    """`var` in a clone, else where the freedesktop rules put the data of a program."""
    if is_checkout():
        return CHECKOUT / "var"
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "entregent"


class WrongSetting(Exception):
    """A setting has a value with which the product cannot start; the message is the sentence to show."""


class Environment(BaseSettings):
    """Every setting that comes from outside, checked. `environment` is the one in force."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=(CHECKOUT / ".env" if is_checkout() else ".env"),
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    database_url: str | None = None
    database_owner_url: str | None = None
    pg_bin_dir: Path | None = None
    data_dir: Path = Field(default_factory=default_data_dir, validate_default=True)
    secret_key: str | None = None
    public_url: str = "http://127.0.0.1:8000"
    mail_url: str | None = None
    mail_from: str | None = None
    inbound_mail_url: str | None = None
    lmtp_port: int | None = Field(default=None, ge=1, le=65535)
    private_hosts: str = "false"
    storage_url: str | None = None
    clamd_url: str | None = None
    workers: int = Field(default=2, ge=1, le=64)
    api_per_minute: int = Field(default=6000, ge=0, le=1_000_000)
    log_format: Literal["text", "json"] = "text"
    demo: bool = False
    debug: bool = False
    metrics_token: str | None = None
    oidc_server_url: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
    oidc_name: str = "OpenID Connect"

    @field_validator("data_dir", "pg_bin_dir")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else Path(os.path.abspath(value.expanduser()))

    @field_validator("pg_bin_dir")
    @classmethod
    def _has_a_server(cls, value: Path | None) -> Path | None:
        if value is not None and not embedded_postgres.has_server(value):
            raise ValueError(
                spoken(
                    f"« {value} » ne contient pas les programmes « postgres » et « initdb ».",
                    f"“{value}” does not hold the programs “postgres” and “initdb”.",
                )
            )
        return value

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _is_a_database(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                parts = conninfo_to_dict(value) if "://" in value else {}
            except (psycopg.Error, ValueError):
                parts = {}
            if not value.startswith(("postgresql://", "postgres://")) or not parts.get("dbname"):
                raise ValueError(
                    spoken(
                        "il faut une adresse de la forme postgresql://utilisateur:mot-de-passe@hôte:5432/base.",
                        "an address like postgresql://user:password@host:5432/database is needed.",
                    )
                )
        return value

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
        except ValueError:
            wrong = True
        if wrong or parts.path.strip("/") or parts.query or parts.fragment or parts.username:
            raise ValueError(
                spoken(
                    f"« {value} » n'est pas une adresse comme https://grc.exemple.fr (sans chemin).",
                    f"“{value}” is not an address like https://crm.example.com (without a path).",
                )
            )
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("mail_url")
    @classmethod
    def _is_a_mail_server(cls, value: str | None) -> str | None:
        return _checked_url(value, MAIL_SCHEMES, "smtp://localhost:25")

    @field_validator("private_hosts")
    @classmethod
    def _names_hosts(cls, value: str) -> str:
        try:
            _named_hosts(value)
        except ValueError:
            raise ValueError(
                spoken(
                    "il faut « true », « false », ou des noms et réseaux séparés par des virgules : "
                    "erp.interne, 10.2.0.0/16.",
                    "“true”, “false”, or names and networks with commas between are needed: erp.internal, 10.2.0.0/16.",
                )
            ) from None
        return value

    @field_validator("inbound_mail_url")
    @classmethod
    def _is_a_mailbox(cls, value: str | None) -> str | None:
        return _checked_url(value, INBOUND_MAIL_SCHEMES, "imaps://user:password@imap.example.com")

    @field_validator("storage_url")
    @classmethod
    def _is_a_storage(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            if parts.scheme in S3_SCHEMES:
                bucket = parts.path.strip("/")
                named = parts.hostname and parts.username and parts.password and parts.port != 0
                right = bool(named and bucket and "/" not in bucket)
            else:
                right = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
        except ValueError:
            right = False
        if not right:
            raise ValueError(
                spoken(
                    "il faut une adresse de la forme file:///chemin/du/dossier ou s3://clé:secret@hôte/seau.",
                    "an address like file:///path/of/folder or s3://key:secret@host/bucket is needed.",
                )
            )
        return value

    @field_validator("clamd_url")
    @classmethod
    def _is_a_scanner(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            is_socket = parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/")
            right = is_socket or (parts.scheme == "tcp" and bool(parts.hostname) and parts.port != 0)
        except ValueError:
            right = False
        if not right:
            raise ValueError(
                spoken(
                    "il faut une adresse de la forme tcp://hôte:3310 ou unix:///run/clamav/clamd.ctl.",
                    "an address like tcp://host:3310 or unix:///run/clamav/clamd.ctl is needed.",
                )
            )
        return value

    @field_validator("oidc_server_url")
    @classmethod
    def _is_an_oidc_server(cls, value: str | None) -> str | None:
        return _checked_url(value, {"https": 443, "http": 80}, "https://identity.example.com")

    @model_validator(mode="after")
    def _fits_together(self) -> "Environment":
        if self.demo and not self.is_loopback:
            raise ValueError(
                spoken(
                    f"La démonstration a des mots de passe connus de tous : {PREFIX}PUBLIC_URL doit y être une "
                    f"adresse de cette machine (http://127.0.0.1:8000), non « {self.public_url} ».",
                    f"The demo has passwords known to everybody: {PREFIX}PUBLIC_URL must be an address of this "
                    f"machine (http://127.0.0.1:8000), not “{self.public_url}”.",
                )
            )
        if bool(self.oidc_server_url) != bool(self.oidc_client_id):
            raise ValueError(
                spoken(
                    f"{PREFIX}OIDC_SERVER_URL et {PREFIX}OIDC_CLIENT_ID vont ensemble : il manque l'un des deux.",
                    f"{PREFIX}OIDC_SERVER_URL and {PREFIX}OIDC_CLIENT_ID go together: one of them is missing.",
                )
            )
        if self.secret_key is not None and len(self.secret_key) < 32:
            raise ValueError(
                spoken(
                    f"{PREFIX}SECRET_KEY est trop courte : il faut au moins 32 caractères tirés au hasard.",
                    f"{PREFIX}SECRET_KEY is too short: at least 32 random characters are needed.",
                )
            )
        if self.secret_key is None and self.database_url and not self.demo and not self.debug:
            raise ValueError(
                spoken(
                    f"{PREFIX}SECRET_KEY manque : avec {PREFIX}DATABASE_URL, il faut une clé d'au moins 32 "
                    "caractères, la même pour tous les processus.",
                    f"{PREFIX}SECRET_KEY is missing: with {PREFIX}DATABASE_URL, a key of at least 32 characters "
                    "is needed, the same for all processes.",
                )
            )
        return self

    # Questions

    @property
    def is_embedded(self) -> bool:
        """Whether the database is the embedded PostgreSQL under `data_dir`."""
        return self.database_url is None

    @property
    def public_host(self) -> str:
        return urlsplit(self.public_url).hostname or ""

    @property
    def admitted_private_hosts(self) -> bool | tuple[Any, ...]:
        """Which servers of our own network people may name: all, none, or these names and networks."""
        return _named_hosts(self.private_hosts)

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the public address."""
        if self.public_host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.public_host).is_loopback
        except ValueError:
            return False

    @property
    def allowed_hosts(self) -> list[str]:
        """The host names that Django answers to: the public one, and all names of this machine if it is one."""
        if self.is_loopback:
            return ["127.0.0.1", "localhost", "[::1]"]
        return [f"[{self.public_host}]" if ":" in self.public_host else self.public_host]

    @property
    def has_oidc(self) -> bool:
        return bool(self.oidc_server_url)

    @property
    def keeps_files_in_s3(self) -> bool:
        return bool(self.storage_url) and urlsplit(self.storage_url or "").scheme in S3_SCHEMES

    @property
    def media_dir(self) -> Path:
        """The folder that keeps attached and imported files; with S3, imported files only."""
        if self.storage_url and self.storage_url.startswith("file:"):
            return Path(unquote(urlsplit(self.storage_url).path))
        return self.data_dir / "media"

    def database(self) -> dict[str, Any]:
        """The entry of Django's DATABASES for web and worker."""
        if self.database_url is None:
            return {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": embedded_postgres.DATABASE,
                "USER": embedded_postgres.SUPERUSER,
                "PASSWORD": "",
                "HOST": str(embedded_postgres.socket_dir_of(self.data_dir)),
                "PORT": str(embedded_postgres.PORT),
                "OPTIONS": {},
            }
        return _as_django(self.database_url)

    def owner_database(self) -> dict[str, Any]:
        """The entry of Django's DATABASES for migrations: the role that owns the tables."""
        return _as_django(self.database_owner_url) if self.database_owner_url else self.database()

    def mail(self) -> dict[str, Any] | None:
        """Django's EMAIL_* settings, or None where no mail server is named."""
        if self.mail_url is None:
            return None
        parts = urlsplit(self.mail_url)
        return {
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": parts.port or MAIL_SCHEMES[parts.scheme],
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
            "EMAIL_USE_SSL": parts.scheme == "smtps",
        }

    def storage(self) -> dict[str, Any]:
        """The entry of Django's STORAGES for the files that are kept. `?region=` of an S3 address names its region."""
        if not self.keeps_files_in_s3:
            return {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"directory_permissions_mode": 0o700, "file_permissions_mode": 0o600},
            }
        parts = urlsplit(self.storage_url or "")
        port = f":{parts.port}" if parts.port else ""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "access_key": unquote(parts.username or ""),
                "secret_key": unquote(parts.password or ""),
                "bucket_name": parts.path.strip("/"),
                "endpoint_url": f"{'http' if parts.scheme == 's3+http' else 'https'}://{host}{port}",
                "region_name": parse_qs(parts.query).get("region", ["us-east-1"])[0],
                "addressing_style": "path",
                "default_acl": "private",
                "file_overwrite": True,
                # What is read stands in memory up to this, then in a temporary file.
                "max_memory_size": 1024 * 1024,
                "signature_version": "s3v4",
            },
        }

    def made_data_dir(self) -> Path:
        """`data_dir`, made if it is missing."""
        return embedded_postgres.made_folder(self.data_dir)

    def kept_secret_key(self) -> str:
        """The secret key: the one given, else one made once and kept in `data_dir`, readable by its owner alone."""
        if self.secret_key:
            return self.secret_key
        path = self.made_data_dir() / "secret_key"
        if not path.exists():
            fresh = path.with_name(f"secret_key.{os.getpid()}")
            fresh.unlink(missing_ok=True)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(64))
            try:
                os.link(fresh, path)  # Of two processes that start together, the first one's key stays.
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return path.read_text().strip()


def load(**values: Any) -> Environment:
    """The environment as it is now. Raises `WrongSetting` with the one sentence that says what is wrong."""
    try:
        return Environment(**values)
    except ValidationError as error:
        raise WrongSetting(_sentence(error)) from None
    except UnicodeDecodeError:
        raise WrongSetting(spoken("Le fichier .env n'est pas en UTF-8.", "The file .env is not in UTF-8.")) from None


def load_or_exit() -> Environment:
    """The environment as it is now; a wrong value ends the process with one sentence and exit code 2."""
    try:
        return load()
    except WrongSetting as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


def _named_hosts(value: str) -> bool | tuple[Any, ...]:
    if value.strip().lower() in ("true", "1", "yes", "on"):
        return True
    if value.strip().lower() in ("false", "0", "no", "off"):
        return False
    found: list[Any] = []
    for one in value.lower().split(","):
        name = one.strip().rstrip(".")
        try:
            found.append(ipaddress.ip_network(name, strict=False))
        except ValueError:
            if not re.fullmatch(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,62})\.)*[a-z_][a-z0-9_-]{0,62}", name):
                raise
            found.append(name)
    return tuple(found)


def _checked_url(value: str | None, schemes: dict[str, int], example: str) -> str | None:
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        right = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right:
        raise ValueError(
            spoken(
                f"il faut une adresse de la forme {example} (schémas admis : {', '.join(schemes)}).",
                f"an address like {example} is needed (schemes: {', '.join(schemes)}).",
            )
        )
    return value


def _as_django(url: str) -> dict[str, Any]:
    parts = dict(conninfo_to_dict(url))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": str(parts.pop("dbname", "")),
        "USER": str(parts.pop("user", "")),
        "PASSWORD": str(parts.pop("password", "")),
        "HOST": str(parts.pop("host", "")),
        "PORT": str(parts.pop("port", "")),
        "OPTIONS": parts,
    }


def _sentence(error: ValidationError) -> str:
    """The first fault as one sentence. Values are not repeated unless the check did so: they may be secrets."""
    fault = error.errors(include_url=False, include_context=True)[0]
    name = PREFIX + str(fault["loc"][0]).upper() if fault["loc"] else ""
    kind = fault["type"]
    context = fault.get("ctx", {})
    if kind == "value_error":
        told = str(context["error"])
        if PREFIX in told:
            return told
    elif kind in ("int_parsing", "int_type", "int_from_float"):
        told = spoken("il faut un nombre entier.", "a whole number is needed.")
    elif kind in ("greater_than_equal", "less_than_equal"):
        most = 65535 if name.endswith("_PORT") else 64
        told = spoken(f"il faut un nombre entre 1 et {most}.", f"a number between 1 and {most} is needed.")
    elif kind.startswith("bool"):
        told = spoken("il faut « true » ou « false ».", "“true” or “false” is needed.")
    elif kind == "literal_error":
        expected = str(context["expected"])
        told = spoken(f"valeurs admises : {expected.replace(' or ', ' ou ')}.", f"values allowed: {expected}.")
    else:
        told = spoken("cette valeur n'est pas admise.", "this value is not allowed.")
    return name + spoken(" : ", ": ") + told


environment = load_or_exit()
