"""Every test run has a PostgreSQL of its own (testing/postgres.py) and the cast of people (testing/cast.py)."""

import os
import tempfile

from testing.postgres import start_for_tests

os.environ.setdefault("ENTREGENT_DEBUG", "true")
start_for_tests()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "entregent.config.settings")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402

# Hashing a password well takes half a second on purpose; tests of sign-in say so where it matters.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]

# Files that tests keep go with the run.
_media = tempfile.TemporaryDirectory(prefix="entregent-media-")
settings.MEDIA_ROOT = _media.name

from testing.cast import *  # noqa: E402, F403
