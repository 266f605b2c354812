"""Layouts and the gallery, as a request gets them."""

import re

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.template import engines
from django.test import RequestFactory
from django.urls import include, path
from django.utils import translation

from entregent.toolbox.errors import ModuleOff, NotFound, RightMissing
from entregent.ui.pages import draw_refusal, page_context

# The gallery is served in the demo and in development only; a test is neither.
urlpatterns = [
    path("ui/", include("entregent.ui.web.urls")),
    path("faute/", lambda request: 1 / 0),
    path("illisible/", lambda request: _refuse(request)),
    path("", include("entregent.config.urls")),
]
handler400 = "entregent.ui.web.errors.bad_request"
handler404 = "entregent.ui.web.errors.not_found"
handler500 = "entregent.ui.web.errors.fault"
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


def _refuse(request: HttpRequest):
    raise SuspiciousOperation


def test_an_address_that_leads_nowhere_gives_the_page_of_what_is_out_of_reach(client):
    answer = client.get("/nulle/part/", headers={"Accept-Language": "fr"})
    assert answer.status_code == 404
    with translation.override("fr"):
        hidden = draw_refusal(answer.wsgi_request, NotFound()).content.decode()
    without_token = re.compile(r'(content|value)="[A-Za-z0-9]{64}"')
    assert without_token.sub("", answer.content.decode()) == without_token.sub("", hidden)


def test_a_fault_of_ours_is_noted_under_a_number_that_the_page_shows(client, caplog):
    client.raise_request_exception = False
    answer = client.get("/faute/", headers={"Accept-Language": "fr"})
    reference = answer["X-Request-Id"]
    assert answer.status_code == 500
    assert reference in answer.content.decode()
    assert any(reference in record.getMessage() for record in caplog.records)
    assert "ZeroDivisionError" not in answer.content.decode()


def test_a_request_that_cannot_be_read_is_refused_in_words(client):
    answer = client.get("/illisible/", headers={"Accept-Language": "en"})
    assert answer.status_code == 400
    assert "This request cannot be handled." in answer.content.decode()


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
