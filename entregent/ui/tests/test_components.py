"""Components: what a macro writes, as a browser and a screen reader get it."""

from datetime import date
from html.parser import HTMLParser

import pytest
from django import forms
from django.template import engines
from django.utils import translation

from entregent.ui.jinja import plural


@pytest.fixture
def draw():
    """Renders a line of template with the components named."""

    def render(names: str, source: str, **context) -> str:
        line = f'{{% from "ui/components.html" import {names} %}}{source}'
        return engines["jinja2"].env.from_string(line).render(context)

    with translation.override("fr"):
        yield render


class Elements(HTMLParser):
    """The elements of a piece of HTML, in order, with their attributes."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def first(self, tag, **wanted):
        for name, attributes in self.found:
            if name == tag and all(attributes.get(key) == value for key, value in wanted.items()):
                return attributes
        raise AssertionError(f"no <{tag}> with {wanted} in {self.found}")


class PersonForm(forms.Form):
    name = forms.CharField(label="Nom", help_text="Tel qu'il s'écrit.")
    language = forms.ChoiceField(
        label="Langue", choices=[("fr", "Français"), ("en", "Anglais")], widget=forms.RadioSelect
    )
    internal = forms.BooleanField(label="Interne", required=False)
    kind = forms.ChoiceField(label="Nature", choices=[("company", "Entreprise")])
    secret = forms.CharField(widget=forms.HiddenInput, initial="x")


def test_what_a_person_typed_is_escaped_everywhere(draw):
    hostile = '"><script>alert(1)</script>'
    html = draw(
        "button, tag, kv, avatar, chip, menu_item, toast, input, empty_state",
        "{{ button(t, attrs={'data-x': t}) }}{{ tag(t) }}{{ kv(t, t) }}{{ avatar(t) }}"
        "{{ chip(t, t, t) }}{{ menu_item(t, href=t) }}"
        "{{ toast(t, undo_url=t, extra=t) }}{{ input(t, t, t) }}{{ empty_state(t) }}",
        t=hostile,
    )
    assert "<script" not in html


def test_a_field_ties_its_label_its_help_and_its_error_to_its_input(draw):
    form = PersonForm({"language": "fr", "kind": "company", "secret": "x"})
    assert not form.is_valid()
    page = Elements(draw("field", "{{ field(form.name) }}", form=form))
    box = page.first("input")
    assert box["aria-invalid"] == "true"
    assert box["aria-describedby"] == "id_name_error id_name_help"
    assert page.first("label")["for"] == box["id"]
    assert page.first("p", id="id_name_error")
    assert page.first("p", id="id_name_help")


def test_a_sound_field_says_nothing_of_errors(draw):
    page = draw("field", "{{ field(form.kind) }}", form=PersonForm())
    assert "aria-invalid" not in page
    assert "form-select" in page


def test_radio_buttons_stand_in_a_named_group_of_labelled_inputs(draw):
    page = Elements(draw("field", "{{ field(form.language) }}", form=PersonForm()))
    assert page.first("fieldset")["id"] == "id_language"
    assert page.first("input", value="en")["class"] == "form-check-input"
    assert page.first("label", **{"for": "id_language_1"})


def test_a_hidden_field_has_no_label(draw):
    html = draw("field", "{{ field(form.secret) }}", form=PersonForm())
    assert "<label" not in html
    assert 'type="hidden"' in html


def test_the_summary_of_errors_takes_the_focus_and_links_to_each_field(draw):
    form = PersonForm({})
    form.is_valid()
    html = draw("error_summary", "{{ error_summary(form) }}", form=form)
    page = Elements(html)
    assert page.first("div")["data-focus"] == "errors"
    assert page.first("a", href="#id_name")
    assert "Nom\u00a0: " in html


def test_a_colon_is_written_as_the_language_has_it(draw):
    source = "{{ 'Ville' }}{{ colon }} Nancy"
    assert draw("icon", source) == "Ville\N{NO-BREAK SPACE}: Nancy"
    with translation.override("en"):
        assert draw("icon", source) == "Ville: Nancy"


def test_a_form_without_errors_has_no_summary(draw):
    assert draw("error_summary", "{{ error_summary(form) }}", form=PersonForm()) == ""


@pytest.mark.parametrize(
    ("hold", "long", "words", "drawing"),
    [
        (True, False, "Bloqué", "alert-triangle"),
        (True, True, "Blocage de crédit", "alert-triangle"),
        (False, False, "En règle", "circle-check"),
        (False, True, "Crédit en règle", "circle-check"),
    ],
)
def test_credit_is_told_by_a_drawing_and_by_words(draw, hold, long, words, drawing):
    html = draw("credit", "{{ credit(hold, long) }}", hold=hold, long=long)
    assert words in html
    assert f"#{drawing}" in html


def test_a_late_date_says_so_to_those_who_do_not_see_red(draw):
    html = draw("due", "{{ due(day, none, 'late') }}", day=date(2026, 11, 20))
    assert "En retard" in html
    assert 'datetime="2026-11-20"' in html


def test_a_sorted_column_says_its_direction_and_offers_the_other(draw):
    page = Elements(draw("sort_header", "{{ sort_header('Client', 'name', 'name', '?x=1') }}"))
    assert page.first("th")["aria-sort"] == "ascending"
    assert page.first("a")["href"] == "?x=1&tri=-name"
    page = Elements(draw("sort_header", "{{ sort_header('Client', 'name', '-name', '/liste/') }}"))
    assert page.first("th")["aria-sort"] == "descending"
    assert page.first("a")["href"] == "/liste/?tri=name"


def test_topics_of_the_composer_carry_the_digits_of_the_first_nine(draw):
    html = draw("topics", "{{ topics('topic', 'Rubrique', choices) }}", choices=[(n, f"R{n}") for n in range(1, 12)])
    assert html.count("<kbd") == 9
    assert html.count('type="radio"') == 11


def test_an_icon_button_has_a_name_and_a_tooltip(draw):
    source = "{{ icon_button('Exporter', 'download', {'data-x': none, 'disabled': ''}) }}"
    button = Elements(draw("icon_button", source)).first("button")
    assert button["aria-label"] == button["title"] == "Exporter"
    assert "data-x" not in button
    assert "disabled" in button


def test_components_speak_english(draw):
    source = "{{ credit(true, true) }}{{ direction_tag(none, true) }}{{ toast('x', undo_url='/u') }}"
    with translation.override("en"):
        html = draw("credit, direction_tag, toast", source)
    assert "Credit hold" in html
    assert "Internal" in html
    assert "Undo" in html


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [("fr", 0, "un"), ("fr", 1, "un"), ("fr", 2, "des"), ("en", 0, "des"), ("en", 1, "un")],
)
def test_french_says_zero_as_it_says_one(language, number, said):
    with translation.override(language):
        assert plural("un", "des", number) == said


@pytest.mark.parametrize(
    ("language", "name", "said"),
    [
        ("fr", "Antoine", "la fiche d’Antoine"),
        ("fr", "<Anne>", "la fiche de &lt;Anne&gt;"),
        ("fr", "Anne & Cie", "la fiche d’Anne &amp; Cie"),
        ("en", "Antoine", "the record of Antoine"),
    ],
)
def test_texts_with_a_name_leave_vowels_out_in_french(draw, language, name, said):
    with translation.override(language):
        assert draw("icon", "{{ _('la fiche de %(name)s', name=name) }}", name=name).strip() == said
