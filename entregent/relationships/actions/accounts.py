"""Business accounts and who works on them on the client's side (R002-34, -35)."""

import re
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.rights import Role
from entregent.organizations.models import User
from entregent.relationships.models import AccountEvent, AccountUser, BusinessAccount, ProgramAccount
from entregent.toolbox.errors import NotFound, Refusal, RightMissing, required, too_long
from entregent.toolbox.text import one_line

NUMBER = re.compile(r"[0-9]{9}")
PROGRAM = re.compile(r"[0-9]{9}[A-Z]{2}[0-9]{4}")


def account_number(text: str, *, field: str = "account_number") -> str:
    """The nine digits of what somebody typed, spaces or not."""
    number = re.sub(r"[\s.-]", "", text)
    if not number:
        raise required(field, _("Numéro d'entreprise"))
    if not NUMBER.fullmatch(number):
        raise Refusal("E-CHOICE", _("Un numéro d'entreprise a neuf chiffres."), field=field)
    return number


@transaction.atomic
def keep_account(
    *, number: str, name: str, postal_code: str = "", city: str = "", country: str = "FR"
) -> BusinessAccount:
    """The account of the authority's record with this number, made or brought up to date; nobody manages it yet."""
    number = account_number(number, field="number")
    name = one_line(name)
    if not name:
        raise required("name", _("Nom"))
    if len(name) > 200:
        raise too_long("name", _("Nom"), 200)
    values = {"name": name, "postal_code": one_line(postal_code), "city": one_line(city), "country": country}
    account, _made = BusinessAccount.objects.update_or_create(number=number, defaults=values)
    return account


def add_program(account: BusinessAccount, number: str, label: str = "") -> ProgramAccount:
    """`number`: the whole of it, or what follows the number of the business (« RM0001 »)."""
    number = re.sub(r"\s", "", number).upper()
    number = number if len(number) > 6 else f"{account.number}{number}"
    if not PROGRAM.fullmatch(number) or not number.startswith(account.number):
        message = _("Un compte de programme est fait du numéro d'entreprise, de deux lettres et de quatre chiffres.")
        raise Refusal("E-CHOICE", message, field="program")
    program, _made = ProgramAccount.objects.get_or_create(
        number=number, defaults={"account": account, "label": one_line(label)[:120]}
    )
    return program


@transaction.atomic
def register_account(*, user: User, number: str, name: str, postal_code: str, program: str) -> AccountUser:
    """Whoever knows what stands in the record, to the letter, becomes the first manager of the account. What differs
    is not said. One program is proof enough; the others come with it."""
    refused = Refusal("E-002-MATCH", _("Les renseignements ne correspondent pas à ceux au dossier."))
    account = BusinessAccount.objects.select_for_update().filter(number=re.sub(r"\s", "", number)).first()
    if account is None or account.registered_at is not None:
        raise refused
    wanted = re.sub(r"\s", "", program).upper()
    wanted = wanted if len(wanted) > 6 else f"{account.number}{wanted}"
    knows = (name, postal_code) == (account.name, account.postal_code)
    if not knows or not account.programs.filter(number=wanted).exists():
        raise refused
    account.registered_at = timezone.now()
    account.version += 1
    account.save(update_fields=["registered_at", "version"])
    first, _made = AccountUser.objects.update_or_create(
        account=account, user=user, defaults={"role": Role.ADMIN, "is_active": True}
    )
    tell_history(first, AccountEvent.What.REGISTERED, about=user.name, role=Role.ADMIN)
    return first


@transaction.atomic
def add_account_user(*, by: AccountUser, user: User, role: str, programs: Iterable[ProgramAccount] = ()) -> AccountUser:
    """Another user of the account. A manager of programs adds editors and readers of their own programs only."""
    account = _locked(by.account_id)
    chosen = may_give(by, role, programs)
    added, made = AccountUser.objects.get_or_create(account=account, user=user, defaults={"role": role})
    if not made and added.is_active:
        raise Refusal("E-002-USER", _("Cette personne est déjà de ce compte."), field="user", status=409)
    if not made:
        added.role, added.is_active = role, True
        added.version += 1
        added.save(update_fields=["role", "is_active", "version"])
    added.programs.set(chosen)
    tell_history(by, AccountEvent.What.ADDED, about=user.name, role=role, programs=chosen)
    return added


@transaction.atomic
def change_account_user(
    changed: AccountUser, *, by: AccountUser, version: int, role: str, programs: Iterable[ProgramAccount] = ()
) -> AccountUser:
    """Another role or other programs. The last manager of an account keeps that role."""
    account = _locked(by.account_id)
    one = _user_of(account, changed, version)
    may_give(by, one.role, one.programs.all())
    chosen = may_give(by, role, programs)
    if one.manages_all and role != Role.ADMIN:
        _another_manager(account, one)
    one.role = role
    one.version += 1
    one.save(update_fields=["role", "version"])
    one.programs.set(chosen)
    tell_history(by, AccountEvent.What.CHANGED, about=one.user.name, role=role, programs=chosen)
    return one


@transaction.atomic
def remove_account_user(removed: AccountUser, *, by: AccountUser, version: int) -> None:
    """They decide nothing here from now on. The last manager of an account stays."""
    account = _locked(by.account_id)
    one = _user_of(account, removed, version)
    if one.pk != by.pk:
        may_give(by, one.role, one.programs.all())
    if one.manages_all:
        _another_manager(account, one)
    one.is_active = False
    one.version += 1
    one.save(update_fields=["is_active", "version"])
    what = AccountEvent.What.LEFT if one.pk == by.pk else AccountEvent.What.REMOVED
    tell_history(by, what, about=one.user.name, role=one.role)


@transaction.atomic
def choose_mails(*, by: AccountUser, wants_mail: bool) -> None:
    """Whether somebody is told by mail of what happens on the account."""
    AccountUser.objects.filter(pk=acting(by).pk).update(wants_mail=wants_mail)


def tell_history(
    by: AccountUser, what: str, *, about: str, role: str = "", programs: Iterable[ProgramAccount] = ()
) -> None:
    """Writes into the history of the account what `by` does about somebody there."""
    AccountEvent.objects.create(
        account_id=by.account_id, what=what, by_name=by.user.name, about=about, role=role,
        programs=sorted(program.number for program in programs),
    )  # fmt: skip


def _locked(account_id: int) -> BusinessAccount:
    """Who manages an account changes under its lock: two managers cannot remove each other at once."""
    return BusinessAccount.objects.select_for_update().get(pk=account_id)


def acting(by: AccountUser) -> AccountUser:
    """`by` as they stand now: their role may have been taken since the page was opened."""
    now = AccountUser.objects.filter(pk=by.pk, is_active=True, user__is_active=True).first()
    if now is None:
        raise RightMissing
    return now


def _user_of(account: BusinessAccount, one: AccountUser, version: int) -> AccountUser:
    found = AccountUser.objects.select_for_update().filter(pk=one.pk, account=account, is_active=True).first()
    if found is None:
        raise NotFound
    if found.version != version:
        raise Refusal("E-STALE", _("Cet accès vient d'être modifié. Relisez-le, puis recommencez."), status=409)
    return found


def may_give(by: AccountUser, role: str, programs: Iterable[ProgramAccount]) -> list[ProgramAccount]:
    """The programs that go with the role, if `by` may give it: managers of the account everything, managers of
    programs what is below them, in programs of their own."""
    by = acting(by)
    if role not in list(Role):
        raise Refusal("E-002-NOROLE", _("Choisissez un rôle."), field="role")
    chosen = list(programs)
    if any(program.account_id != by.account_id for program in chosen):
        raise NotFound
    if by.role == Role.ADMIN:
        return [] if role == Role.ADMIN else chosen
    own = set(by.programs.values_list("pk", flat=True))
    is_below = role in (Role.EDITOR, Role.READER) and chosen and {program.pk for program in chosen} <= own
    if by.role != Role.MANAGER or not is_below:
        raise RightMissing
    return chosen


def _another_manager(account: BusinessAccount, leaving: AccountUser) -> None:
    others = AccountUser.objects.filter(account=account, role=Role.ADMIN, is_active=True, user__is_active=True)
    if not others.exclude(pk=leaving.pk).exists():
        message = _("Désignez d'abord un autre gestionnaire de compte d'entreprise.")
        raise Refusal("E-002-LASTBAM", message, status=409)
