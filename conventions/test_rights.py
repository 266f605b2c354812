"""Every URL names the right that it needs."""

from django.urls import URLPattern, URLResolver, get_resolver

from entregent.access.rights import Right
from entregent.api.urls import api

# Libraries' own views that the guard cannot wrap: what they are, and why that is safe.
BY_OTHERS: dict[str, str] = {}


def walk(resolver=None, prefix="", namespaces=()):
    """Every pattern of the site as (address, full name, view)."""
    for pattern in (resolver or get_resolver()).url_patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from walk(pattern, address, inner)
        elif isinstance(pattern, URLPattern):
            yield address, ":".join([*namespaces, pattern.name or ""]), pattern.callback


def test_every_url_names_the_right_that_it_needs():
    without = [
        f"{address} ({name})"
        for address, name, view in walk()
        if not getattr(view, "access_rule", None) and name not in BY_OTHERS and not name.startswith("api:")
    ]
    assert without == []


def test_every_operation_of_the_api_names_the_right_that_it_needs():
    operations = [
        operation
        for _prefix, router in api._routers
        for path_view in router.path_operations.values()
        for operation in path_view.operations
    ]
    assert len(operations) > 15
    assert [o.operation_id for o in operations if getattr(o.view_func, "access_rule", ("",))[0] != "right"] == []


def test_pages_of_an_organization_are_for_its_members():
    wrong = [
        address
        for address, _name, view in walk()
        if "<slug:organization>" in address
        and getattr(view, "access_rule", ("",))[0] != ("portal" if address.startswith("portail/") else "right")
    ]
    assert wrong == []


def test_pages_of_the_portal_are_guarded_at_its_own_door():
    own = {"portal", "portal_signed_in", "portal_account", "public"}
    wrong = [
        address
        for address, _name, view in walk()
        if address.startswith("portail/") and getattr(view, "access_rule", ("",))[0] not in own
    ]
    assert wrong == []


def test_rights_named_exist():
    for _address, _name, view in walk():
        rule = getattr(view, "access_rule", ("",))
        if rule[0] == "right":
            assert rule[1] in Right
