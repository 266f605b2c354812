"""Texts with variables: what they give, what they refuse, and what they cannot reach."""

import time

import pytest

from entregent.documents.texts import ANYTHING, problems, render
from entregent.toolbox.errors import Refusal

FACTS = {
    "client": {"name": "Dupont", "phones": ["01 02", "03 04"], "first_name": ""},
    "invoices": [{"number": "F-1", "amount": "12,00 €"}, {"number": "F-2", "amount": "30,00 €"}],
    "count": 2,
}


def refusal_of(source, facts=FACTS):
    with pytest.raises(Refusal) as caught:
        render(source, facts, where="Objet")
    assert caught.value.code == "E-001-TEMPLATE"
    return caught.value.message


def test_variables_conditions_and_loops():
    source = "Bonjour {{ client.name }}{% for i in invoices %}, {{ i.number }} : {{ i.amount }}{% endfor %}"
    assert render(source, FACTS) == "Bonjour Dupont, F-1 : 12,00 €, F-2 : 30,00 €"
    assert render("{% if invoices.size > 1 %}oui{% else %}non{% endif %}", FACTS) == "oui"
    assert render("{{ client.first_name | default: 'sans prénom' }}", FACTS) == "sans prénom"
    assert render("{{ client.phones | join: ' ou ' }} {{ client.phones.first }}", FACTS) == "01 02 ou 03 04 01 02"
    assert render("{{ invoices | map: 'number' | join: ', ' }}", FACTS) == "F-1, F-2"
    assert render("{% case count %}{% when 2 %}deux{% endcase %}{% comment %}rien{% endcomment %}", FACTS) == "deux"


def test_a_variable_that_is_not_there_is_named_with_its_line():
    assert "« client.nom »" in refusal_of("\n{{ client.nom }}")
    assert "Ligne 2" in refusal_of("\n{{ client.nom }}")
    assert refusal_of("{{ foo }}").startswith("Objet : ")
    # A condition and a default do with what is not there.
    assert render("{% if client.nom %}a{% else %}b{% endif %}{{ foo | default: 'c' }}", FACTS) == "bc"


@pytest.mark.parametrize(
    "source",
    [
        "{{ client.__class__ }}",
        "{{ client['__class__']['__mro__'] }}",
        "{{ client.name.__class__ }}",
        "{{ client.keys }}",
        "{{ client.name.upper }}",
        "{{ invoices.append }}",
        "{{ count.real }}",
        "{{ invoices | map: '__class__' | join: '' }}{{ x }}",
        "{{ _guard }}",
        "{% include '/etc/passwd' %}",
        "{% render 'settings' %}",
        "{% layout 'x' %}",
        "{% extends 'x' %}",
        "{% capture x %}a{% endcapture %}",
        "{% tablerow i in invoices %}{% endtablerow %}",
        "{{ 'x' | base64_decode }}",
        "{{ 'x' | replace: '', 'x' }}",
        "{{ client.name",
        "{% if %}",
        "{% for %}{% endfor %}",
        "{% endif %}",
        "{% break %}",
    ],
)
def test_what_a_text_cannot_reach(source):
    refusal_of(source)


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..1000000000) reversed %}a{% endfor %}",
        "{{ (1..100000000) | join: ',' }}",
        "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 40 + "{{ x }}",
        "{{ 99999999 | times: 99999999 | times: 99999999 | times: 99999999 }}",
        "{% if true %}" * 40 + "{% endif %}" * 40,
        "x" * 60_001,
        "{% for a in l %}{% for b in l %}{% for c in l %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in l %}{% for b in l %}{{ 'long texts again and again' }}{% endfor %}{% endfor %}" * 20,
        "{{ 1 | divided_by: 0 }}",
        "{% for a in l %}{% assign f = a %}{% endfor %}" * 1000,
    ],
)
def test_a_text_costs_two_seconds_at_most(source):
    started = time.process_time()
    refusal_of(source, {"l": list(range(1000))})
    assert time.process_time() - started < 2


def test_an_empty_text_is_a_no():
    facts = {"a": "", "b": "x", "l": []}
    assert render("{% if a %}1{% endif %}{% unless a %}2{% endunless %}{% if a and b %}3{% endif %}", facts) == "2"
    assert render("{% if a or b %}1{% endif %}{% if b %}2{% endif %}{% if a == '' %}3{% endif %}", facts) == "123"
    assert render("{% if a == blank %}1{% endif %}{% if l == empty %}2{% endif %}{% if l %}3{% endif %}", facts) == "12"


def test_only_plain_facts_are_given_to_a_text():
    class Loaded:
        password = "secret"

    with pytest.raises(TypeError):
        render("{{ a.password }}", {"a": Loaded()})
    with pytest.raises(TypeError):
        render("{{ a }}", {"a": {"b": [Loaded()]}})


def test_the_guard_sees_what_variables_give_and_nothing_else():
    assert render("*a* {{ client.name }}", FACTS, guard=lambda text: text.upper()) == "*a* DUPONT"


def test_problems_name_what_is_not_there():
    known = {**FACTS, "answers": ANYTHING}
    assert problems("{{ client.name }}{{ answers.motif.x }}{% assign a = client %}{{ a.name }}", known) == []
    assert problems("{% for i in invoices %}{{ i.number }}{{ forloop.index }}{% endfor %}", known) == []
    assert problems("{{ invoices.first.number }}{{ invoices.size }}{{ client.phones[0] }}", known) == []
    (told,) = problems("{% for i in invoices %}\n{{ i.numero }}{% endfor %}", known)
    assert told == "Ligne 2 : « i.numero » n’existe pas."
    assert problems("{% if client.nom %}{% endif %}{{ foo }}", known) == [
        "Ligne 1 : « client.nom » n’existe pas.",
        "Ligne 1 : « foo » n’existe pas.",
    ]
    assert problems("{{ client.name | inconnu }}", known) == ["Ligne 1 : le filtre « inconnu » n’existe pas."]
    assert problems("{{ client.name", known) == ["Ligne 1 : cette balise n’est pas comprise."]
    assert problems("a\nb {% fin %}", known) == ["Ligne 2 : cette balise n’est pas comprise."]
