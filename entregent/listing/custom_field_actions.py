"""What an administrator does with custom fields (R004-19). The type, the code and the subject of a field never change:
values that are kept mean what they meant."""

import re

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.jobs.actions import start_job
from entregent.jobs.models import Job
from entregent.listing.custom_fields import Type, definitions_changed, subject_named, subjects
from entregent.listing.models import CustomField
from entregent.organizations.journal import stale
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal, Refusals, required, too_long
from entregent.toolbox.text import is_code, one_line, search_key

MOST_FIELDS = 100
MOST_OPTIONS = 200
MOST_LABEL, MOST_HELP, MOST_OPTION_LABEL = 60, 200, 30

_OPTION_ID = re.compile(r"[0-9A-Za-z]{1,11}")


@transaction.atomic
def create_custom_field(
    *,
    by: Membership,
    subject: str,
    type: str,
    label_fr: str,
    label_en: str,
    code: str = "",
    help_fr: str = "",
    help_en: str = "",
    options=(),
    variants=(),
    is_required: bool = False,
    is_searchable: bool = False,
    position: int | None = None,
) -> CustomField:
    """Adds a field, offered at once. Without a code one is made of the French label. Refuses missing labels, a code
    that was given before, options without an id of eleven letters and digits at most."""
    record("create_custom_field", by=by, subject_code=str(subject), label_fr=str(label_fr)[:60])
    refusals = []
    try:
        subject_named(subject)
    except NotFound:
        refusals.append(required("subject", _("Sur")))
    if type not in Type.values:
        refusals.append(required("type", _("Type")))
    values, more = _clean(
        {
            "label_fr": label_fr, "label_en": label_en, "help_fr": help_fr, "help_en": help_en, "options": options,
            "variants": variants, "is_required": is_required, "is_searchable": is_searchable,
        },
        subject, type,
    )  # fmt: skip
    refusals += more
    known = CustomField.objects.filter(organization_id=by.organization_id, subject=subject)
    code = one_line(str(code or "")).lower()
    if code and not is_code(code):
        sentence = _("Lettres sans accent, chiffres et _ seulement, une lettre d’abord.")
        refusals.append(Refusal("E-CODE", sentence, field="code"))
    elif code and known.filter(code=code).exists():
        refusals.append(Refusal("E-CODE", _("Ce code est déjà pris."), field="code"))
    if known.filter(deleted_at__isnull=True).count() >= MOST_FIELDS:
        refusals.append(Refusal("E-LENGTH", _("Cent champs au maximum."), field="subject"))
    _refuse(refusals)
    if position is None:
        last = known.order_by("-position").first()
        position = last.position + 10 if last else 10
    created = CustomField.objects.create(
        organization_id=by.organization_id,
        subject=subject,
        type=type,
        code=code or _free_code(known, values["label_fr"]),
        position=position,
        **values,
    )
    definitions_changed(by)
    return created


@transaction.atomic
def update_custom_field(field: CustomField, *, by: Membership, version: int | None, **changes) -> CustomField:
    """Changes labels, help, options, channels, whether it is required or searched, its place. An option that is left
    out while it may be in use stays, no longer offered."""
    record("update_custom_field", by=by, subject=field, label_fr=field.label_fr)
    current = _locked(field, by=by, version=version)
    fields = {
        name: changes.get(name, getattr(current, name))
        for name in (
            "label_fr", "label_en", "help_fr", "help_en", "options", "variants", "is_required", "is_searchable",
        )
    }  # fmt: skip
    values, refusals = _clean(fields, current.subject, current.type)
    _refuse(refusals)
    if current.type == Type.CHOICE and "options" in changes:
        given = {option["id"] for option in values["options"]}
        values["options"] += [option | {"is_active": False} for option in current.options if option["id"] not in given]
    if changes.get("position") is not None:
        values["position"] = int(changes["position"])
    was = (current.is_searchable, current.options)
    changed = [name for name, value in values.items() if getattr(current, name) != value]
    if not changed:
        return current
    for name in changed:
        setattr(current, name, values[name])
    current.version += 1
    current.save(update_fields=[*changed, "version"])
    definitions_changed(by)
    is_affected = was[0] != current.is_searchable or (current.is_searchable and was[1] != current.options)
    if is_affected:
        _index(current, by=by)
    return current


@transaction.atomic
def archive_custom_field(field: CustomField, *, by: Membership) -> CustomField:
    """No longer offered; what was filled in stays shown, searched and exported."""
    return _offer(field, False, "archive_custom_field", by=by)


@transaction.atomic
def offer_custom_field(field: CustomField, *, by: Membership) -> CustomField:
    """Offers an archived field again."""
    return _offer(field, True, "offer_custom_field", by=by)


@transaction.atomic
def delete_custom_field(field: CustomField, *, by: Membership) -> CustomField:
    """Hides the field and its values everywhere. Until they are purged, the deletion can be taken back."""
    record("delete_custom_field", by=by, subject=field, label_fr=field.label_fr)
    current = _locked(field, by=by)
    current.deleted_at = timezone.now()
    current.version += 1
    current.save(update_fields=["deleted_at", "version"])
    definitions_changed(by)
    if current.is_searchable:
        _index(current, by=by)
    return current


@transaction.atomic
def restore_custom_field(field: CustomField, *, by: Membership) -> CustomField:
    """Takes a deletion back, with every value."""
    record("restore_custom_field", by=by, subject=field, label_fr=field.label_fr)
    current = _locked(field, by=by, is_deleted=True)
    current.deleted_at = None
    current.version += 1
    current.save(update_fields=["deleted_at", "version"])
    definitions_changed(by)
    if current.is_searchable:
        _index(current, by=by)
    return current


@transaction.atomic
def purge_custom_field(field: CustomField, *, by: Membership) -> Job:
    """Asks the worker to take the values of a deleted field out of every record, and then the field itself."""
    record("purge_custom_field", by=by, subject=field, label_fr=field.label_fr, code=field.code)
    current = _locked(field, by=by, is_deleted=True)
    return start_job(
        by=by,
        kind="custom_fields.purge",
        label=_("Effacement des valeurs de « %(field)s »") % {"field": current.label},
        data={"field": current.pk},
    )


def values_held(field: CustomField) -> int:
    """How many records have a value."""
    table = subject_named(field.subject).table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {connection.ops.quote_name(table)}"  # noqa: S608 (a table of ours)
            " WHERE organization_id = %s AND NOT custom = '{}'::jsonb AND custom ? %s AND deleted_at IS NULL",
            [field.organization_id, field.code],
        )
        return cursor.fetchone()[0]


def _index(field: CustomField, *, by: Membership) -> None:
    """The entries of the quick search of whoever has a value are written anew, by the worker."""
    if subject_named(field.subject).index:
        start_job(
            by=by,
            kind="custom_fields.index",
            label=_("Recherche : « %(field)s »") % {"field": field.label},
            data={"field": field.pk},
        )


def _offer(field: CustomField, is_active: bool, name: str, *, by: Membership) -> CustomField:
    record(name, by=by, subject=field, label_fr=field.label_fr)
    current = _locked(field, by=by)
    if current.is_active != is_active:
        current.is_active = is_active
        current.version += 1
        current.save(update_fields=["is_active", "version"])
        definitions_changed(by)
    return current


def _locked(field: CustomField, *, by: Membership, version: int | None = None, is_deleted=False) -> CustomField:
    current = (
        CustomField.objects.select_for_update(of=("self",))
        .filter(pk=field.pk, organization_id=by.organization_id, deleted_at__isnull=not is_deleted)
        .first()
    )
    if current is None:
        raise NotFound
    if version is not None and current.version != version:
        raise stale(current, organization=by.organization)
    return current


def _clean(fields: dict, subject: str, type_: str) -> tuple[dict, list[Refusal]]:
    values: dict = {}
    refusals: list[Refusal] = []
    for name, label, most, is_needed in (
        ("label_fr", _("Libellé français"), MOST_LABEL, True),
        ("label_en", _("Libellé anglais"), MOST_LABEL, True),
        ("help_fr", _("Aide en français"), MOST_HELP, False),
        ("help_en", _("Aide en anglais"), MOST_HELP, False),
    ):
        values[name] = one_line(str(fields[name] or ""))
        if is_needed and not values[name]:
            refusals.append(required(name, label))
        elif len(values[name]) > most:
            refusals.append(too_long(name, label, most))
    # A box that has to be ticked would be no question.
    values["is_required"] = bool(fields["is_required"]) and type_ != Type.BOOLEAN
    known = next((one for one in subjects() if one.code == subject), None)
    is_word = type_ in (Type.TEXT, Type.CHOICE, Type.NUMBER) and known is not None and bool(known.index)
    values["is_searchable"] = bool(fields["is_searchable"]) and is_word
    values["options"] = []
    if type_ == Type.CHOICE:
        try:
            values["options"] = _clean_options(fields["options"] or ())
        except Refusal as refusal:
            refusals.append(refusal)
    channels = [code for code, _label in known.variants()] if known is not None and known.variants else []
    values["variants"] = [code for code in channels if code in (fields["variants"] or ())]
    return values, refusals


def _clean_options(options) -> list[dict]:
    cleaned: list[dict] = []
    for option in options:
        one = {name: one_line(str(option.get(name) or "")) for name in ("id", "fr", "en")}
        if not any(one.values()):
            continue
        if not _OPTION_ID.fullmatch(one["id"]):
            raise Refusal(
                "E-CODE", _("Identifiant d’option : de 1 à 11 lettres sans accent ou chiffres."), field="options"
            )
        if one["id"].lower() in [known["id"].lower() for known in cleaned]:
            raise Refusal("E-CODE", _("Deux options ont l’identifiant %(id)s.") % {"id": one["id"]}, field="options")
        one["fr"] = one["fr"] or one["en"]
        one["en"] = one["en"] or one["fr"]
        if not one["fr"]:
            raise required("options", _("Libellé de l’option %(id)s") % {"id": one["id"]})
        if max(len(one["fr"]), len(one["en"])) > MOST_OPTION_LABEL:
            raise too_long("options", _("Libellé de l’option %(id)s") % {"id": one["id"]}, MOST_OPTION_LABEL)
        cleaned.append(one | {"is_active": bool(option.get("is_active", True))})
    if not any(option["is_active"] for option in cleaned):
        raise required("options", _("Une option au moins"))
    if len(cleaned) > MOST_OPTIONS:
        raise Refusal("E-LENGTH", _("Deux cents options au maximum."), field="options")
    return cleaned


def _refuse(refusals: list[Refusal]) -> None:
    if len(refusals) == 1:
        raise refusals[0]
    if refusals:
        raise Refusals(refusals)


def _free_code(known, label: str) -> str:
    stem = re.sub(r"[^a-z0-9]+", "_", search_key(label)).strip("_")[:36] or "champ"
    if not stem[0].isalpha():
        stem = f"c_{stem}"[:36]
    taken = set(known.filter(code__startswith=stem).values_list("code", flat=True))
    if stem not in taken:
        return stem
    return next(f"{stem}_{n}" for n in range(2, 10_000) if f"{stem}_{n}" not in taken)
