"""The walk over pages of business accounts: every URL × every role there, other businesses, the provider's own staff.

An account of others, a record of another account under one's own and what one's role may not answer to the letter what
never existed answers; nothing planted in another account is in any answer; what is refused writes nothing.
"""

import re

import pytest
from django.db import transaction
from django.urls import reverse

from conventions.addresses import PLAIN, RECORDS
from conventions.test_probe import _Undo, plain, state
from conventions.test_rights import walk
from entregent.access.rights import Role
from entregent.access.wall import outside
from entregent.portal.tests.conftest import door
from entregent.relationships import actions
from entregent.relationships.models import AccountInvitation, AccountUser, BusinessAccount, JoinRequest
from entregent.relationships.tests.conftest import make_user
from testing.cast import HtmxClient, enter

PLANTED = "MARQUEURAUTRECOMPTE"
OWN, OTHER, NEVER = "123456789", "987654321", "555555555"
# What each role of the account never reaches: names of pages.
DECIDING = {
    "request",
    "approve",
    "reject",
    "users",
    "invite",
    "user",
    "user_remove",
    "withdraw",
    "joining",
    "joining_reject",
    "history",
}
CLOSED = {
    "owner": set(),
    # Above them, or of a program that is not theirs; a no to somebody who asks to join is of the whole account.
    "manager": {"relationship", "revoke", "user", "user_remove", "withdraw", "joining_reject", "history"},
    "editor": DECIDING | {"revoke", "relationship"},
    "reader": DECIDING | {"revoke"},
}


def pages():
    """(name, {keyword: kind of record}) of every page below `/portail/entreprises/` that is not for anybody."""
    for address, name, view in walk():
        if name.startswith("portal_accounts:") and view.access_rule != ("public",):
            yield name, {word: _kind(name, word) for word in re.findall(r"<(?:\w+:)?(\w+)>", address)}


def _kind(name, word):
    assert (name, word) not in PLAIN
    matching = [(start, kind) for start, keyword, kind in RECORDS if keyword == word and name.startswith(start)]
    assert matching, f"{name}: what record is « {word} »? Declare it in conventions/addresses.py."
    return max(matching)[1]


def url_of(name, kinds, records, number, variety):
    values = {}
    for word, kind in kinds.items():
        values[word] = number if kind == "account" else records[variety].get(kind, 999_999_999)
    return reverse(name, urlconf="entregent.portal.web.root_urls", kwargs=values)


def written():
    rows = AccountUser.objects.values_list("pk", "role", "is_active", "version", "wants_mail").order_by("pk")
    accounts = BusinessAccount.objects.values_list("pk", "version", "registered_at").order_by("pk")
    invited = AccountInvitation.objects.values_list("pk", "digest").order_by("pk")
    joining = JoinRequest.objects.values_list("pk", "comments").order_by("pk")
    return state(), list(rows), list(accounts), list(invited), list(joining)


def ask(http, method, url):
    """(status, body, headers, did it write?)"""
    try:
        with transaction.atomic():
            before = written()
            response = getattr(http, method)(url)
            http.cookies.pop("messages", None)
            body = plain(response, url)
            found = (response.status_code, body, str(response.headers), written() != before)
            raise _Undo
    except _Undo:
        return found


def _business(number, mark, admin):
    account = actions.keep_account(number=number, name=f"Entreprise {mark}", postal_code="H2X 1Y4", country="CA")
    for end in ("RM0001", "RM0002"):
        actions.add_program(account, end, mark)
    user = make_user(f"bam-{mark}@x.example".lower(), f"Gestionnaire {mark}")
    owner = actions.register_account(
        user=user, number=number, name=account.name, postal_code="H2X 1Y4", program="RM0001"
    )
    enter(admin)
    asked = actions.request_access(by=admin, number=number, comments=mark)
    first = account.programs.filter(number__endswith="RM0001")
    with outside():
        given = actions.approve_access(asked, by=owner, level="program", programs=first)
    enter(admin)
    waiting = actions.request_access(by=admin, number=number, comments=f"encore {mark}")
    with outside():
        invited = actions.invite_account_user(by=owner, email=f"futur-{mark}@x.example", role="admin")
        asking = make_user(f"asking-{mark}@x.example".lower(), f"Demandeur {mark}")
        join = actions.ask_to_join(user=asking, number=number, comments=mark)
    return (
        account,
        owner,
        {"request": waiting.pk, "relationship": given.pk, "invitation": invited.pk, "user": owner.pk, "join": join.pk},
    )


def _user(account, role, end, name):
    made = AccountUser.objects.create(account=account, user=make_user(f"{name}@x.example", name), role=role)
    made.programs.set(account.programs.filter(number__endswith=end))
    return made


@pytest.fixture
def scene(org, admin):
    org.provider_kind = "customs_broker"
    org.save()
    admin.organization.provider_kind = "customs_broker"
    account, owner, own = _business(OWN, "MAISON", admin)
    _account, other_owner, others = _business(OTHER, PLANTED, admin)
    people = {
        "owner": owner.user,
        "manager": _user(account, Role.MANAGER, "RM0002", "paul").user,
        "editor": _user(account, Role.EDITOR, "RM0002", "ed").user,
        "reader": _user(account, Role.READER, "RM0001", "lise").user,
        "other": other_owner.user,
        "nobody": make_user("personne@x.example", "Personne"),
        # Staff of the provider who come to the clients' door.
        "staff": admin.user,
    }
    own["user"] = AccountUser.objects.get(user=people["reader"]).pk
    return {who: door(user) for who, user in people.items()}, {"own": own, "other": others, "random": {}}


def test_every_page_of_accounts_is_declared():
    assert len(list(pages())) >= 15


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_reaches_what_is_another_businesss(method, scene):
    people, records = scene
    faults = []
    for name, kinds in pages():
        for who, http in people.items():
            is_of_own = who in CLOSED
            answers = {}
            for number in (OWN, OTHER, NEVER) if "number" in kinds else ("",):
                for variety in ("own", "other", "random") if "pk" in kinds else ("own",):
                    url = url_of(name, kinds, records, number, variety)
                    status, body, headers, wrote = ask(http, method, url)
                    where = f"{method} {name} {number} [{variety}] as {who}"
                    if status >= 500:
                        faults.append(f"{where}: {status}")
                    if status >= 400 and wrote:
                        faults.append(f"{where}: refused ({status}) and yet written")
                    if who != "other" and (PLANTED in body or PLANTED in headers):
                        faults.append(f"{where}: shows another account's ({status})")
                    if who not in ("other", "owner", "manager", "editor", "reader") and "MAISON" in body:
                        faults.append(f"{where}: shows the account ({status})")
                    answers[number, variety] = (status, body)
            if "number" not in kinds:
                # One's own requests to join: nobody here has asked for anything.
                if "pk" in kinds and len(set(answers.values())) > 1:
                    faults.append(f"{method} {name} as {who}: what is another's answers not as what never existed")
                continue
            mine = OWN if is_of_own else OTHER if who == "other" else None
            short = name.partition(":")[2]
            for (number, variety), answer in answers.items():
                if number != mine:
                    never = answers[NEVER, "random" if len(kinds) > 1 else "own"]
                    if answer[0] not in (404, 405) or answer != never:
                        faults.append(f"{method} {name} {number} [{variety}] as {who}: {answer[0]}, not as never")
                elif len(kinds) > 1 and variety == ("other" if is_of_own else "own"):
                    if answer != answers[number, "random"]:
                        faults.append(f"{method} {name} as {who}: another's answers {answer[0]}, not as never")
                elif is_of_own and short in CLOSED[who] and variety == "own":
                    never = answers[number, "random"] if len(kinds) > 1 else (404, None)
                    if answer[0] not in (404, 405) or (len(kinds) > 1 and answer != never):
                        faults.append(f"{method} {name} as {who}: closed to the role, answers {answer[0]}")
                elif is_of_own and method == "get" and variety == "own" and answer[0] not in (200, 405):
                    faults.append(f"{method} {name} as {who}: {answer[0]}")
    assert faults == [], "\n".join(faults)


def test_whoever_is_not_signed_in_here_is_sent_to_sign_in(scene, signed_in, admin):
    _people, records = scene
    faults = []
    for http in (HtmxClient(), signed_in(admin)):
        for name, kinds in pages():
            for method in ("get", "post"):
                response = getattr(http, method)(url_of(name, kinds, records, OWN, "own"))
                if response.status_code == 302 and response.headers["Location"].startswith("/portail/connexion/"):
                    continue
                faults.append(f"{method} {name}: {response.status_code}")
    assert faults == [], "\n".join(faults)
