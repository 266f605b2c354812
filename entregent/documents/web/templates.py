"""« Modèles de documents »: the list, one template with its preview while it is written, and a try of it."""

import base64
from typing import Any

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.facts import facts_of, shape_of
from entregent.clients.models import Client
from entregent.documents import letters, template_actions, word
from entregent.documents.actions import with_agent
from entregent.documents.extension_points import example_facts
from entregent.documents.files import opened
from entregent.documents.models import DocumentTemplate, Letterhead
from entregent.documents.web.answers import file_answer
from entregent.documents.web.forms import LetterheadForm, TemplateForm
from entregent.documents.web.places import at
from entregent.organizations.models import Module
from entregent.organizations.web.administration import render_administration, with_version
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from entregent.ui.pages import add_refusal, render_block, see

Kind = DocumentTemplate.Kind


@require_GET
@requires(Right.TEMPLATES, module=Module.CASEWORK)
def template_list(request):
    templates = DocumentTemplate.objects.filter(organization_id=request.member.organization_id)
    context = {"templates": list(templates.select_related("file")), "kinds": Kind.choices}
    return render_administration(request, "documents/templates.html", context)


@requires(Right.TEMPLATES, module=Module.CASEWORK)
def template_create(request):
    kind = request.GET.get("sorte", "")
    kind = kind if kind in Kind.values else Kind.LETTER
    form = TemplateForm(request.POST or None, request.FILES or None, kind=kind)
    if request.method == "POST" and form.is_valid():
        try:
            key = form.cleaned_data["idempotency_key"] or None
            values = form.changes()
            made = template_actions.create_template(by=request.member, kind=kind, idempotency_key=key, **values)
            toast = _("Modèle « %(name)s » ajouté.") % {"name": made.name}
            return see(request, at("template_update", request.member, code=made.code), toast=toast)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
    return _form(request, form, kind)


@requires(Right.TEMPLATES, module=Module.CASEWORK)
def template_update(request, code):
    template = _template(request, code)
    form = TemplateForm(request.POST or None, request.FILES or None, kind=template.kind, template=template)
    stale = None
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"] or 0
        try:
            changed = template_actions.update_template(template, by=request.member, version=version, **form.changes())
            toast = _("Modèle « %(name)s » modifié.") % {"name": changed.name}
            return see(request, at("template_update", request.member, code=code), toast=toast)
        except Stale as refusal:
            stale = refusal
            data = with_version(request, refusal.current.version)
            form = TemplateForm(data, kind=template.kind, template=refusal.current)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
    return _form(request, form, template.kind, template, stale)


@require_POST
@requires(Right.TEMPLATES, module=Module.CASEWORK)
def template_delete(request, code):
    template = _template(request, code)
    template_actions.delete_template(template, by=request.member)
    toast = _("Modèle « %(name)s » supprimé.") % {"name": template.name}
    return see(request, at("templates", request.member), toast=toast)


@require_GET
@requires(Right.TEMPLATES, module=Module.CASEWORK)
def template_file(request, code):
    """The Word document of a template, to be changed and given back."""
    template = _template(request, code)
    if template.file is None:
        raise NotFound
    return file_answer(template.file)


@require_http_methods(["GET", "POST"])
@requires(Right.TEMPLATES, module=Module.CASEWORK)
def template_trial(request, code):
    """The template on a real client: the PDF, the Word document or the mail as it would be, kept nowhere."""
    template = _template(request, code)
    if request.method == "POST":
        _put(template, request.POST)
    client, language = _client(request), _language(request)
    facts = _facts(request, client, language)
    organization = request.member.organization
    try:
        if template.kind == Kind.WORD:
            if template.file is None:
                raise NotFound
            with opened(template.file) as content:
                return _download(f"{template.name}.docx", word.filled_in(content.read(), facts))
        if template.kind == Kind.MAIL:
            subject, paragraphs = letters.mail_of(template, facts, language=language)
            return _download(f"{template.name}.txt", "\n\n".join([subject, *paragraphs]).encode())
        pdf = letters.pdf_of(template, facts, language=language, organization=organization)
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        context = {"template": template, "refusal": refusal}
        return render_administration(request, "documents/trial_refused.html", context, status=refusal.status)
    return _download(f"{template.name}.pdf", pdf)


@require_POST
@requires(Right.TEMPLATES, module=Module.CASEWORK)
def template_preview(request):
    """What stands in the form, drawn on a real client while it is written; nothing is kept."""
    template = DocumentTemplate(organization=request.member.organization, kind=request.POST.get("kind", ""))
    _put(template, request.POST)
    client, language = _client(request), _language(request)
    context = preview_of(template, _facts(request, client, language), language=language)
    return render_block(request, "documents/_preview.html", "preview", {**context, "client": client})


def preview_of(
    template: DocumentTemplate,
    facts: dict,
    *,
    language: str,
    letterhead: Letterhead | None = None,
    written: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """What the preview shows: pages of a letter as pictures, a mail as text, or why there is none."""
    shown: dict[str, Any] = {"pages": [], "subject": "", "paragraphs": [], "problem": ""}
    try:
        if template.kind == Kind.MAIL:
            shown["subject"], shown["paragraphs"] = letters.mail_of(template, facts, language=language, written=written)
        else:
            pages = letters.pictures_of(
                template,
                facts,
                language=language,
                organization=template.organization,
                letterhead=letterhead,
                written=written,
            )
            shown["pages"] = ["data:image/png;base64," + base64.b64encode(page).decode() for page in pages]
    except Refusal as refusal:
        shown["problem"] = refusal.message
    return shown


# The letterhead


@requires(Right.TEMPLATES, module=Module.CASEWORK)
def letterhead(request):
    head = letters.letterhead_of(request.member.organization)
    form = LetterheadForm(request.POST or None, request.FILES or None, head=head)
    stale = None
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"] or 0
        try:
            template_actions.update_letterhead(by=request.member, version=version, **form.changes())
            return see(request, at("letterhead", request.member), toast=_("En-tête des lettres enregistré."))
        except Stale as refusal:
            stale = refusal
            form = LetterheadForm(with_version(request, refusal.current.version), head=refusal.current)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
    client = _client(request)
    context = {
        "form": form, "head": head, "stale": stale, "client": client, **_sample(request, head, client),
    }  # fmt: skip
    status = stale.status if stale else 422 if request.method == "POST" else 200
    return render_administration(request, "documents/letterhead.html", context, status=status)


@require_POST
@requires(Right.TEMPLATES, module=Module.CASEWORK)
def letterhead_preview(request):
    """The letterhead as it stands in the form, around a sample letter; the logo is the one that is kept."""
    head = letters.letterhead_of(request.member.organization)
    form = LetterheadForm(request.POST, head=head)
    if form.is_valid():
        for name, value in form.changes().items():
            if name not in ("logo", "without_logo"):
                setattr(head, name, value)
        if form.cleaned_data.get("without_logo"):
            head.logo = None
    client = _client(request)
    context = {"client": client, **_sample(request, head, client)}
    return render_block(request, "documents/_preview.html", "preview", context)


def _sample(request, head: Letterhead, client: Client | None) -> dict[str, Any]:
    language = request.member.user.language
    text = _("Madame, Monsieur,\n\nVoici comment vos lettres se présentent.")
    template = DocumentTemplate(organization=request.member.organization)
    template.subject_fr = template.subject_en = _("Exemple de lettre")
    template.body_fr = template.body_en = text
    return preview_of(template, _facts(request, client, language), language=language, letterhead=head)


# What is common


def _template(request, code: str) -> DocumentTemplate:
    found = (
        DocumentTemplate.objects.select_related("file", "organization")
        .filter(organization_id=request.member.organization_id, code=code)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def _put(template: DocumentTemplate, data) -> None:
    """What stands in the form, into a template that is not saved."""
    for name in ("subject_fr", "subject_en", "body_fr", "body_en"):
        if name in data:
            setattr(template, name, data[name].replace("\r\n", "\n")[:20_000])


def _language(request) -> str:
    asked = request.POST.get("preview_language") or request.GET.get("langue", "")
    return asked if asked in ("fr", "en") else request.member.user.language


def _client(request) -> Client | None:
    """The client of the preview, by its number; the first that the member sees where none is named."""
    seen = Client.objects.visible_to(request.member).listed().select_related("organization", "responsible")
    number = (request.POST.get("preview_client") or request.GET.get("client", "")).strip()
    found = seen.filter(number=number).first() if number else None
    return found or seen.order_by("sort_key", "id").first()


def _facts(request, client: Client | None, language: str) -> dict[str, Any]:
    organization = request.member.organization
    if client is None:
        facts = shape_of(organization)
        facts["client"] |= {"number": "C-0001", "name": "Marie Dupont", "address_block": ["Marie Dupont", "Dijon"]}
    else:
        facts = facts_of(client, language=language, member=request.member)
    for example in example_facts:
        facts |= example(organization, language)
    return with_agent({**facts, "plan": {}, "answers": {}, "steps": {}, "facts": {}}, request.member)


def _form(request, form, kind: str, template=None, stale=None):
    status = stale.status if stale else 422 if request.method == "POST" else 200
    client = _client(request)
    context = {
        "form": form,
        "template": template,
        "kind": kind,
        "kind_label": Kind(kind).label,
        "stale": stale,
        "client": client,
        "marks": marks(),
        "names": names_of(template_actions.known_facts(request.member.organization)),
    }
    return render_administration(request, "documents/template_form.html", context, status=status)


def marks() -> list[tuple[str, str]]:
    """The markup and the variables, with an example of each, for who writes a text."""
    return [
        (_("Variable"), "{{ client.name }}"),
        (_("Valeur de remplacement"), '{{ client.phone | default: "—" }}'),
        (_("Condition"), "{% if contract.number %} … {% else %} … {% endif %}"),
        (_("Répétition"), "{% for i in invoices %} {{ i.number }} {% endfor %}"),
        (_("Titre"), _("# Votre situation")),
        (_("Gras, italique"), _("**important** *à noter*")),
        (_("Liste"), "- a   ·   1. a"),
        (_("Tableau"), "| a | b |   ·   |---|--:|"),
        (_("Signature, à droite"), ">> {{ agent.name }}"),
        (_("Trait"), "---"),
    ]


def names_of(known: dict[str, Any], prefix: str = "") -> list[str]:
    """The names of the facts, dotted; of a list « invoices[] » and what each has."""
    found: list[str] = []
    for name, inner in known.items():
        if name == "*":
            found.append(f"{prefix}…")
        elif isinstance(inner, dict) and inner:
            found += names_of(inner, f"{prefix}{name}.")
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
            found += names_of(inner[0], f"{prefix}{name}[].")
        else:
            found.append(f"{prefix}{name}")
    return found


def _download(name: str, content: bytes) -> HttpResponse:
    kinds = {"pdf": "application/pdf", "txt": "text/plain; charset=utf-8"}
    answer = HttpResponse(content, content_type=kinds.get(name.rpartition(".")[2], "application/octet-stream"))
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
