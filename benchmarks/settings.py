"""The product's settings, with the pages of the benchmarks beside those of the product."""

from pathlib import Path

from entregent.config.settings import *  # noqa: F403
from entregent.config.settings import TEMPLATES

ROOT_URLCONF = "benchmarks.urls"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
TEMPLATES[0]["DIRS"].append(Path(__file__).parent / "templates")
