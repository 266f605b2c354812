"""Layouts and the gallery, as a request gets them."""

import re

import pytest
from django.template import engines
from django.test import RequestFactory
from django.urls import include, path
from django.utils import translation

from entregent.toolbox.errors import ModuleOff, NotFound, RightMissing
from entregent.ui.pages import draw_refusal, page_context

# The gallery is served in the demo and in development only; a test is neither.
urlpatterns = [path("ui/", include("entregent.ui.web.urls")), path("", include("entregent.config.urls"))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def test_the_gallery_shows_every_component_that_is_listed(client):
    page = client.get("/ui/").content.decode()
    source = engines["jinja2"].env.loader.get_source(engines["jinja2"].env, "ui/components.html")[0]
    macros = set(re.findall(r"macro (\w+)\(", source))
    inner = {"initials", "required_mark", "field_notes", "state_action", "form_errors", "form_fields"}
    gallery = engines["jinja2"].env.loader.get_source(engines["jinja2"].env, "ui/gallery.html")[0]
    assert [name for name in sorted(macros - inner) if not re.search(rf"\b{name}\(", gallery)] == []
    assert "Blanchisserie Moreau" in page


def test_the_gallery_asks_no_question_of_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/ui/").status_code == 200


def test_pages_are_served_under_the_strict_policy(client):
    policy = client.get("/ui/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(("code", "words"), [("fr", "Aller au contenu"), ("en", "Skip to content")])
def test_the_page_is_in_the_language_of_the_person(client, code, words):
    page = client.get("/ui/", headers={"Accept-Language": code}).content.decode()
    assert f'<html lang="{code}"' in page
    assert words in page


@pytest.mark.parametrize(("cookie", "mark"), [("dark", 'data-bs-theme="dark"'), ("system", 'data-theme="system"')])
def test_the_theme_of_the_cookie_is_there_before_any_script(client, cookie, mark):
    client.cookies["theme"] = cookie
    assert mark in client.get("/ui/").content.decode().split("<head>")[0]


@pytest.mark.parametrize("layout", ["page", "list", "split", "detail", "form", "card"])
def test_each_layout_stands_alone_with_one_heading_at_most_and_one_main(layout):
    request = RequestFactory().get("/")
    request.session = {}
    with translation.override("fr"):
        page = engines["jinja2"].env.get_template(f"ui/{layout}.html").render(page_context(request))
    assert page.count("<main ") == 1
    assert page.count("<h1>") <= 1
    assert 'href="#main"' in page


@pytest.mark.parametrize("refusal", [NotFound(), RightMissing(), ModuleOff()], ids=lambda refusal: refusal.code)
def test_a_refusal_is_a_page_for_a_person_and_a_notice_for_htmx(refusal):
    request = RequestFactory().get("/x/")
    with translation.override("fr"):
        whole = draw_refusal(request, refusal)
        part = draw_refusal(RequestFactory().get("/x/", headers={"HX-Request": "true"}), refusal)
        assert str(refusal.message) in whole.content.decode().replace("&#39;", "'")
    assert whole.status_code == part.status_code == refusal.status
    assert "<html" not in part.content.decode()
    assert "g-notice" in part.content.decode()
