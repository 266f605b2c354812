"""Django's settings, made of `entregent.config.environment`."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from entregent.config.environment import environment
from entregent.config.static_files import add_headers

BASE_DIR = Path(__file__).resolve().parents[2]
PACKAGE_DIR = Path(__file__).resolve().parents[1]

DEBUG = environment.debug
DEMO = environment.demo
SECRET_KEY = environment.kept_secret_key()
PUBLIC_URL = environment.public_url
ALLOWED_HOSTS = [*environment.allowed_hosts, "testserver"] if DEBUG else environment.allowed_hosts
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
# Which servers of the instance's own network people may name (a mailbox on the next machine): all, none, or these.
PRIVATE_HOSTS = environment.admitted_private_hosts
INBOUND_MAIL_URL = environment.inbound_mail_url
LMTP_PORT = environment.lmtp_port
# How many requests of the API one token may make in a minute; 0: as many as it likes.
API_PER_MINUTE = environment.api_per_minute

INSTALLED_APPS = [
    "entregent.config",
    "entregent.api",
    "entregent.workspace",
    "entregent.portal",
    "entregent.dashboards",
    "entregent.exchange",
    "entregent.connectors",
    "entregent.webhooks",
    "entregent.enrollment",
    "entregent.transfers",
    "entregent.groups",
    "entregent.dunning",
    "entregent.processes",
    "entregent.cases",
    "entregent.inbound",
    "entregent.interactions",
    "entregent.documents",
    "entregent.clients",
    "entregent.listing",
    "entregent.relationships",
    "entregent.notifications",
    "entregent.organizations",
    "entregent.search",
    "entregent.audit",
    "entregent.outbox",
    "entregent.jobs",
    "entregent.ui",
    "entregent.access",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "procrastinate.contrib.django",
    "csp",
    "django_prometheus",
]

MIDDLEWARE = [
    "entregent.config.health.answer_machines_first",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "entregent.portal.sessions.TwoDoors",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "entregent.ui.middleware.language",
    "entregent.api.limits.tell_limits",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "entregent.access.guard.RefusalMiddleware",
]

ROOT_URLCONF = "entregent.config.urls"
WSGI_APPLICATION = "entregent.config.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": False,
        "DIRS": [
            PACKAGE_DIR / area / "templates"
            for area in (
                "api",
                "workspace",
                "portal",
                "dashboards",
                "exchange",
                "connectors",
                "webhooks",
                "enrollment",
                "transfers",
                "dunning",
                "groups",
                "processes",
                "cases",
                "inbound",
                "interactions",
                "documents",
                "clients",
                "relationships",
                "listing",
                "notifications",
                "organizations",
                "outbox",
                "jobs",
                "ui",
            )
        ],
        "OPTIONS": {"environment": "entregent.ui.jinja.environment"},
    },
    {
        # For libraries that bring Django templates (allauth); ours for them stand in organizations/django_templates.
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE_DIR / "organizations" / "django_templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]


def _database(parts):
    return {
        **parts,
        "ENGINE": "entregent.config.postgres",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
    }


DATABASES = {"default": _database(environment.database())}
if environment.database_owner_url:
    DATABASES["owner"] = {**_database(environment.owner_database()), "AS_OWNER": True, "TEST": {"MIRROR": "default"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sign-in (django-allauth; the forms and rules of ours stand in entregent.organizations)
AUTH_USER_MODEL = "organizations.User"
AUTHENTICATION_BACKENDS = ["entregent.organizations.sessions.SignIn"]
LOGIN_URL = "/connexion/"
LOGIN_REDIRECT_URL = "account:root"  # By name: the client portal has its own.
SESSION_ENGINE = "entregent.organizations.sessions"
SESSION_COOKIE_NAME = "entregent_session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = environment.is_https
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "entregent_csrf"
CSRF_COOKIE_SECURE = environment.is_https
CSRF_FAILURE_VIEW = "entregent.access.guard.csrf_failed"

# Headers
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if environment.is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = environment.is_https
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "manifest-src": ["'self'"],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in ("camera", "geolocation", "microphone", "payment", "usb", "display-capture", "midi", "gyroscope")
}

# Languages: French is the language of the sources, English is in each area's catalogue.
LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("Français")), ("en", _("Anglais"))]
LANGUAGE_COOKIE_NAME = "entregent_language"
LOCALE_PATHS = [PACKAGE_DIR / "toolbox" / "locale"]  # The toolbox is no Django application.
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Paris"

STATIC_URL = "/static/"
# Where the files of connectors are dropped, under `depots`.
DATA_DIR = environment.data_dir
STATIC_ROOT = environment.data_dir / "static"
STORAGES = {
    # What the product works on: files being imported.
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # What it keeps: attachments, transfers, raw mails (entregent.documents).
    "documents": environment.storage(),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_ADD_HEADERS_FUNCTION = add_headers
MEDIA_ROOT = environment.media_dir
FILE_UPLOAD_PERMISSIONS = 0o600
CLAMD_URL = environment.clamd_url
FILE_UPLOAD_HANDLERS = [
    "entregent.config.uploads.LimitedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
# How long the database may work for one portlet of a dashboard, in seconds.
PORTLET_SECONDS = 5

# Mail leaves through the outbox only; this is where the outbox's sender hands it over.
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
DEFAULT_FROM_EMAIL = environment.mail_from or f"Entregent <ne-pas-repondre@{environment.public_host}>"
MAIL_IS_KEPT = environment.mail() is None  # Without a mail server, mails are kept and readable on a page.
globals().update(environment.mail() or {})

PROCRASTINATE_ON_APP_READY = "entregent.jobs.worker.on_app_ready"
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"

LOGGING_CONFIG = None
SILENCED_SYSTEM_CHECKS = ["models.W036"]

from entregent.config.sign_in import *  # noqa: E402, F403
