"""Templates of documents and the letterhead: made and changed by those who keep them."""

from typing import Any, cast

from django.db import transaction
from django.db.models import Field
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.clients.facts import shape_of
from entregent.documents import letters, texts, word
from entregent.documents.actions import keep_file
from entregent.documents.extension_points import example_facts
from entregent.documents.models import DocumentTemplate, Letterhead
from entregent.documents.standard import STANDARD_TEMPLATES
from entregent.organizations.idempotency import once
from entregent.organizations.journal import stale
from entregent.organizations.models import Membership, Organization
from entregent.toolbox.errors import NotFound, Refusal, Refusals, required, too_long
from entregent.toolbox.text import is_code, one_line, search_key

# Words that stand in the addresses of the pages.
RESERVED = {"nouveau", "apercu"}
_TEXTS = ("subject_fr", "subject_en", "body_fr", "body_en")
LARGEST_LOGO, LARGEST_WORD = 2 * 1024 * 1024, 10 * 1024 * 1024


def seed_templates(organization: Organization) -> None:
    """The standard letters of a new organization; templates that exist are left as they are."""
    DocumentTemplate.objects.bulk_create(
        [DocumentTemplate(organization=organization, **fields) for fields in STANDARD_TEMPLATES], ignore_conflicts=True
    )


def known_facts(organization: Organization) -> dict:
    """The names that a template of this organization may ask for. Of the answers of a plan: whatever it asks."""
    known = {**shape_of(organization), "agent": {"name": "", "email": ""}}
    for example in example_facts:
        known |= example(organization, "fr")
    return known | dict.fromkeys(("plan", "answers", "steps", "facts"), texts.ANYTHING)


def problems_of(template: DocumentTemplate) -> dict[str, list[str]]:
    """What is wrong with the texts of a template, by field; nothing: {}."""
    known = known_facts(template.organization)
    found = {name: texts.problems(getattr(template, name), known) for name in _TEXTS}
    return {name: told for name, told in found.items() if told}


@transaction.atomic
def create_template(
    *, by: Membership, name_fr: str, name_en: str, code: str = "", kind: str = DocumentTemplate.Kind.LETTER,
    file: tuple[str, bytes] | None = None, idempotency_key: str | None = None, **values,
) -> DocumentTemplate:  # fmt: skip
    """A template; without a code one is made of its French name. Plans of action name it by its code.

    `file` is (name, content) of a Word document. Refuses texts that ask for what is not there (E-001-TEMPLATE).
    """
    record("create_document_template", by=by, name_fr=name_fr, name_en=name_en)

    def make() -> DocumentTemplate:
        return _create(by, code, kind, file, {"name_fr": name_fr, "name_en": name_en, **values})

    made, _was_repeated = once(by.organization_id, "document_template", idempotency_key, [code, kind, name_fr], make)
    return DocumentTemplate.objects.get(pk=made)


def _create(
    by: Membership, code: str, kind: str, file: tuple[str, bytes] | None, values: dict[str, Any]
) -> DocumentTemplate:
    template = DocumentTemplate(organization=by.organization, kind=kind)
    _set(template, values, file=file, by=by)
    code = one_line(code).lower() or _free_code(by.organization_id, template.name_fr)
    if not is_code(code) or code in RESERVED:
        message = _("Un code est fait de lettres minuscules sans accent, de chiffres et de « _ ».")
        raise Refusal("E-CHOICE", message, field="code")
    if DocumentTemplate.objects.filter(organization_id=by.organization_id, code=code).exists():
        raise Refusal("E-TEMPLATE-CODE", _("Ce code est déjà utilisé."), field="code", status=409)
    template.code = code
    template.save()
    return template


@transaction.atomic
def update_template(
    template: DocumentTemplate, *, by: Membership, version: int, file: tuple[str, bytes] | None = None, **values
) -> DocumentTemplate:
    """Other names or texts. What was generated before stays as it is; the code stays, since plans name it."""
    record("update_document_template", by=by, subject=template, name_fr=template.name_fr, name_en=template.name_en)
    locked = _locked(template, by=by)
    if locked.version != version:
        raise stale(locked, organization=by.organization)
    _set(locked, values, file=file, by=by)
    locked.version += 1
    locked.save()
    return locked


@transaction.atomic
def delete_template(template: DocumentTemplate, *, by: Membership) -> None:
    """Deletes a template. What was generated with it stays; a plan that names it says so when it comes to it."""
    record("delete_document_template", by=by, subject=template, name_fr=template.name_fr, code=template.code)
    _locked(template, by=by).delete()


@transaction.atomic
def update_letterhead(
    *, by: Membership, version: int, logo: bytes | None = None, without_logo: bool = False, **values
) -> Letterhead:
    """The head and the foot of the organization's letters. `logo` is a picture, drawn anew before it is kept."""
    record("update_letterhead", by=by)
    Letterhead.objects.get_or_create(
        organization=by.organization, defaults={"window": letters.letterhead_of(by.organization).window}
    )
    head = Letterhead.objects.select_for_update(no_key=True).get(organization=by.organization)
    if head.version != version:
        raise stale(head, organization=by.organization)
    refusals = []
    for name, most in (("name", 120), ("address", 600), ("place", 80), ("footer_fr", 400), ("footer_en", 400)):
        if name in values:
            text = str(values[name] or "").replace("\r\n", "\n").replace("\x00", "").strip()
            setattr(head, name, text)
            if len(text) > most:
                refusals.append(too_long(name, _label(Letterhead, name), most))
    if values.get("window", head.window) not in Letterhead.Window.values:
        refusals.append(Refusal("E-CHOICE", _("Choisissez une fenêtre."), field="window"))
    head.window = values.get("window", head.window)
    head.colour = _colour(values.get("colour", head.colour), refusals)
    if refusals:
        raise Refusals(refusals)
    if logo is not None:
        if len(logo) > LARGEST_LOGO:
            raise Refusal("E-004-SIZE", _("2 Mo au plus pour un logo."), field="logo", status=413)
        drawn = letters.logo_png(logo)
        head.logo = keep_file(organization=by.organization, name="logo.png", content=drawn, by=by)
    elif without_logo:
        head.logo = None
    head.version += 1
    head.save()
    return head


def _colour(text: str, refusals: list[Refusal]) -> str:
    colour = str(text or "").strip().lower()
    if len(colour) == 7 and colour[0] == "#" and all(one in "0123456789abcdef" for one in colour[1:]):
        return colour
    refusals.append(Refusal("E-CHOICE", _("Une couleur comme #1f4f8f."), field="colour"))
    return colour[:7]


def _locked(template: DocumentTemplate, *, by: Membership) -> DocumentTemplate:
    found = (
        DocumentTemplate.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization")
        .filter(pk=template.pk, organization_id=by.organization_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def _set(template: DocumentTemplate, values: dict, *, file: tuple[str, bytes] | None, by: Membership) -> None:
    """Writes what was given into the template, checked, unsaved."""
    refusals = []
    for name in ("name_fr", "name_en", "subject_fr", "subject_en", "body_fr", "body_en"):
        if name not in values:
            continue
        label, most = _label(DocumentTemplate, name), _longest(name)
        text = str(values.pop(name) or "").replace("\r\n", "\n").replace("\x00", "")
        text = text.strip("\n") if name.startswith("body") else one_line(text)
        if name.startswith("name") and not text:
            refusals.append(required(name, label))
        elif len(text) > most:
            refusals.append(too_long(name, label, most))
        setattr(template, name, text)
    if "is_active" in values:
        template.is_active = bool(values.pop("is_active"))
    if values:
        raise TypeError(f"A document template has no {sorted(values)}")
    if template.kind not in DocumentTemplate.Kind.values:
        raise Refusal("E-CHOICE", _("Choisissez une sorte de document."), field="kind")
    if template.kind == DocumentTemplate.Kind.WORD:
        _set_file(template, file, refusals, by=by)
    else:
        if not template.body_fr and not template.body_en:
            refusals.append(required("body_fr", _label(DocumentTemplate, "body_fr")))
        for name, told in problems_of(template).items():
            refusals += [Refusal("E-001-TEMPLATE", sentence, field=name) for sentence in told]
    if refusals:
        raise Refusals(refusals)


def _label(model, name: str) -> str:
    return str(model._meta.get_field(name).verbose_name)


def _longest(name: str) -> int:
    return cast(Field, DocumentTemplate._meta.get_field(name)).max_length or 0


def _set_file(template: DocumentTemplate, file, refusals: list[Refusal], *, by: Membership) -> None:
    if file is None:
        if template.file_id is None:
            refusals.append(Refusal("E-004-NOFILES", _("Choisissez un document Word."), field="file"))
        return
    name, content = file
    if len(content) > LARGEST_WORD:
        raise Refusal("E-004-SIZE", _("10 Mo au plus pour un modèle Word."), field="file", status=413)
    word.check_file(content)
    # With the names alone: what it asks for must be there.
    word.filled_in(content, known_facts(by.organization))
    template.file = keep_file(organization=by.organization, name=name, content=content, by=by)


def _free_code(organization_id: int, name: str) -> str:
    base = "_".join(search_key(name).split())[:36].strip("_")
    base = base if is_code(base) else "modele"
    taken = set(
        DocumentTemplate.objects.filter(organization_id=organization_id, code__startswith=base).values_list(
            "code", flat=True
        )
    )
    taken |= RESERVED
    return next(code for n in range(1, 10_000) if (code := base if n == 1 else f"{base}_{n}") not in taken)
