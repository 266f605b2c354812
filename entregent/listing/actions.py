"""What members do with lists: save views, share and delete them, get them by mail, leave a list as they like it."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.listing.conditions import check
from entregent.listing.lists import ListDefinition, lists, sort_of
from entregent.listing.models import ListState, Subscription, View
from entregent.organizations.idempotency import once
from entregent.organizations.journal import stale
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal, RightMissing, required, too_long
from entregent.toolbox.text import one_line

NAME = 80
WIDEST = 2000
_STATE = 20_000


@transaction.atomic
def save_view(
    *,
    by: Membership,
    list_code: str,
    name: str,
    condition: Any = None,
    text: str = "",
    columns: Iterable[Mapping] | Iterable[str] = (),
    sort: str = "",
    is_shared: bool = False,
    idempotency_key: str | None = None,
) -> View:
    """Keeps a list under a name. Refuses a name that the member gave another view of the list, criteria that mean
    nothing, and sharing without the right to."""
    record("save_view", by=by, list_code=list_code, view=one_line(str(name))[:NAME], is_shared=is_shared)
    definition = _definition(list_code, by)
    values = {
        "name": _name(name),
        "condition": check(condition, definition, by).data,
        "text": one_line(str(text))[:200],
        "columns": _columns(columns, definition, by),
        "sort": _sort(sort, definition, by),
        "is_shared": _shared(is_shared, by),
    }

    def make() -> View:
        view = View(organization_id=by.organization_id, owner_id=by.user_id, list_code=list_code, **values)
        return _saved(view)

    key, _repeated = once(by.organization_id, "save_view", idempotency_key, {"list": list_code, **values}, make)
    return View.objects.get(pk=key, organization_id=by.organization_id)


@transaction.atomic
def update_view(view: View, *, by: Membership, version: int | None, **changes) -> View:
    """Changes name, criteria, keywords, columns, sort, or whether it is shared. Only its owner, or whoever may share
    views where it is shared, does."""
    record("update_view", by=by, subject=view, view=view.name)
    current = _locked(view, by=by)
    if version is not None and int(version) != current.version:
        raise stale(current, organization=by.organization)
    definition = _definition(current.list_code, by)
    cleaners = {
        "name": _name,
        "condition": lambda data: check(data, definition, by).data,
        "text": lambda text: one_line(str(text))[:200],
        "columns": lambda columns: _columns(columns, definition, by),
        "sort": lambda sort: _sort(sort, definition, by),
        "is_shared": lambda is_shared: _shared(is_shared, by) if is_shared != current.is_shared else is_shared,
    }
    if set(changes) - set(cleaners):
        raise TypeError(f"update_view has no {sorted(set(changes) - set(cleaners))}")
    for field, value in changes.items():
        setattr(current, field, cleaners[field](value))
    current.version += 1
    current.updated_at = timezone.now()
    if not current.is_shared:
        # Those who no longer see it no longer get it.
        Subscription.objects.filter(view=current).exclude(user_id=current.owner_id).delete()
    return _saved(current)


@transaction.atomic
def delete_view(view: View, *, by: Membership, version: int | None = None) -> None:
    """Deletes a view, and with it what is sent of it."""
    record("delete_view", by=by, subject=view, view=view.name)
    current = _locked(view, by=by)
    if version is not None and int(version) != current.version:
        raise stale(current, organization=by.organization)
    current.delete()


@transaction.atomic
def subscribe(view: View, *, by: Membership) -> Subscription:
    """Sends the member the view by mail each day; asked twice it is one subscription."""
    record("subscribe_to_view", by=by, subject=view, view=view.name)
    view = visible_view(view.pk, by)
    subscription, _made = Subscription.objects.get_or_create(
        organization_id=by.organization_id, view=view, user_id=by.user_id
    )
    return subscription


@transaction.atomic
def unsubscribe(view: View, *, by: Membership) -> None:
    record("unsubscribe_from_view", by=by, subject=view, view=view.name)
    Subscription.objects.filter(organization_id=by.organization_id, view_id=view.pk, user_id=by.user_id).delete()


@transaction.atomic
def remember_state(*, by: Membership, list_code: str, **changes: Any) -> dict:
    """Keeps how the member leaves a list; what is not given stays, None forgets. Not journaled: it is nobody's data."""
    _definition(list_code, by)
    ListState.objects.bulk_create(
        [ListState(organization_id=by.organization_id, user_id=by.user_id, list_code=list_code)], ignore_conflicts=True
    )
    kept = ListState.objects.select_for_update().get(
        organization_id=by.organization_id, user_id=by.user_id, list_code=list_code
    )
    state = {name: value for name, value in (kept.state | changes).items() if value is not None}
    if len(str(state)) > _STATE:
        raise Refusal("E-LENGTH", _("C’est trop pour être gardé."))
    kept.state = state
    kept.save(update_fields=["state"])
    return state


def state_of(member: Membership, list_code: str) -> dict:
    """How the member left the list; {} for whoever never opened it."""
    kept = ListState.objects.filter(organization_id=member.organization_id, user_id=member.user_id, list_code=list_code)
    return kept.values_list("state", flat=True).first() or {}


def visible_views(member: Membership, list_code: str | None = None):
    """The member's own views and those that are shared, of lists that the member may open; their own first."""
    views = View.objects.filter(organization_id=member.organization_id, list_code__in=list(lists(member))).filter(
        Q(owner_id=member.user_id) | Q(is_shared=True)
    )
    if list_code is not None:
        views = views.filter(list_code=list_code)
    return views.select_related("owner")


def visible_view(key: int, member: Membership) -> View:
    """The view of this number if the member may open it, or NotFound."""
    view = visible_views(member).filter(pk=key).first()
    if view is None:
        raise NotFound
    return view


def may_change(view: View, member: Membership) -> bool:
    """Its owner changes a view; one that is shared, whoever may share views."""
    return view.owner_id == member.user_id or (view.is_shared and member.can(Right.VIEW_SHARE))


def _definition(list_code: str, by: Membership) -> ListDefinition:
    definition = lists(by).get(list_code)
    if definition is None:
        raise NotFound
    return definition


def _locked(view: View, *, by: Membership) -> View:
    current = View.objects.select_for_update().filter(pk=view.pk, organization_id=by.organization_id).first()
    if current is None or not (current.is_shared or current.owner_id == by.user_id):
        raise NotFound
    if not may_change(current, by):
        raise RightMissing
    return current


def _name(name) -> str:
    name = one_line(str(name or ""))
    if not name:
        raise required("name", _("Le nom de la vue"))
    if len(name) > NAME:
        raise too_long("name", _("Le nom de la vue"), NAME)
    return name


def _shared(is_shared, by: Membership) -> bool:
    if is_shared and not by.can(Right.VIEW_SHARE):
        raise Refusal("E-ROLE", _("Vous ne pouvez pas partager de vue."), field="is_shared", status=403)
    return bool(is_shared)


def _columns(columns, definition: ListDefinition, by: Membership) -> list[dict]:
    """In the order given, each once, as many as there are; one that no longer exists is left out."""
    known = definition.columns_by_code(by)
    kept: dict[str, int] = {}
    for column in columns or ():
        code, width = (column, 0) if isinstance(column, str) else (column.get("code"), column.get("width") or 0)
        if code in known and known[code].is_shown and code not in kept:
            kept[code] = min(max(int(width), 0), WIDEST)
    return [{"code": code, "width": width} for code, width in kept.items()]


def _sort(sort: str, definition: ListDefinition, by: Membership) -> str:
    if not sort:
        return ""
    column, descends = sort_of(str(sort), definition, by)
    return f"-{column.code}" if descends else column.code


def _saved(view: View) -> View:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as taken:
        raise Refusal("E-VIEW-NAME", _("Vous avez déjà une vue de ce nom."), field="name") from taken
    return view
