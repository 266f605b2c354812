"""« Générer un courrier » on a case: choose a template, rewrite it, look at it, keep it, send it."""

from typing import Any
from uuid import uuid4

from django import forms
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases.actions.letters import addresses_of, facts_for, send_document, write_letter
from entregent.cases.web.answers import back, get_case
from entregent.documents import letters, word
from entregent.documents.files import opened
from entregent.documents.models import DocumentTemplate
from entregent.documents.web.templates import preview_of
from entregent.organizations.models import Module, User
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.ui.pages import add_refusal, render, render_block

PAGE = "cases/letter.html"
Kind = DocumentTemplate.Kind


class LetterForm(forms.Form):
    """The letter as it leaves: its text in the markup of letters, where it goes."""

    subject = forms.CharField(label=gettext_lazy("Objet"), required=False, max_length=300)
    text = forms.CharField(
        label=gettext_lazy("Texte"), required=False, strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "true"}),
    )  # fmt: skip
    to_print = forms.BooleanField(label=gettext_lazy("À imprimer"), required=False)
    send_to = forms.ChoiceField(label=gettext_lazy("Envoyer par courriel à"), required=False)
    idempotency_key = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data=None, *, template: DocumentTemplate, addresses, initial=None):
        super().__init__(data, initial={"idempotency_key": uuid4().hex, **(initial or {})})
        is_mail = template.kind == Kind.MAIL
        none = [] if is_mail else [("", _("Ne pas envoyer"))]
        offered = [(address, f"{name} <{address}>") for address, name in addresses]
        self.fields["send_to"].choices = none + offered  # type: ignore[attr-defined]
        if is_mail:
            self.fields["send_to"].label = _("À")
        if template.kind != Kind.LETTER:
            del self.fields["to_print"]
        if template.kind == Kind.WORD:
            del self.fields["subject"], self.fields["text"]


@requires(Right.DOCUMENT_WRITE, module=Module.CASEWORK)
def letter_create(request, number):
    case = get_case(request, number, Right.DOCUMENT_WRITE)
    offered = _offered(request)
    template = _chosen(request, offered)
    language = _language(request, case)
    if template is None:
        return render(request, PAGE, {"case": case, "offered": [], "template": None}, status=200)
    problem = ""
    if request.method == "POST":
        form = LetterForm(request.POST, template=template, addresses=addresses_of(case))
        if form.is_valid():
            data = {name: value for name, value in form.cleaned_data.items() if name != "idempotency_key"}
            key = form.cleaned_data["idempotency_key"] or None
            try:
                write_letter(case, by=request.member, template=template, language=language, idempotency_key=key, **data)
            except (Refusal, Refusals) as refusal:
                if isinstance(refusal, NotFound):
                    raise
                add_refusal(form, refusal)
            else:
                toast = _("Courriel envoyé.") if template.kind == Kind.MAIL else _("Courrier gardé dans le dossier.")
                return back(request, case, toast, anchor="section-more")
    else:
        initial: dict[str, Any] = {"to_print": True}
        if template.kind != Kind.WORD:
            try:
                facts = facts_for(case, language, request.member)
                initial["subject"], initial["text"] = letters.filled_in(template, facts, language=language)
            except Refusal as refusal:
                problem = str(refusal.message)
        form = LetterForm(template=template, addresses=addresses_of(case), initial=initial)
    context = {
        "case": case,
        "offered": [(one.code, f"{one.name} · {one.get_kind_display()}") for one in offered],
        "template": template,
        "language": language,
        "languages": User.Language.choices,
        "form": form,
        "problem": problem,
    }
    return render(request, PAGE, context, status=422 if request.method == "POST" else 200)


class SendForm(forms.Form):
    """To whom a document of the case goes by mail."""

    send_to = forms.ChoiceField(label=gettext_lazy("À"))
    language = forms.ChoiceField(label=gettext_lazy("Langue"), choices=User.Language.choices)
    idempotency_key = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data=None, *, addresses, language: str):
        super().__init__(data, initial={"idempotency_key": uuid4().hex, "language": language})
        self.fields["send_to"].choices = [  # type: ignore[attr-defined]
            (address, f"{name} <{address}>") for address, name in addresses
        ]


@requires(Right.DOCUMENT_WRITE, module=Module.CASEWORK)
def document_send(request, number, key):
    """« Envoyer »: a document of the case by mail."""
    case = get_case(request, number, Right.DOCUMENT_WRITE)
    document = case.documents.filter(pk=key, file__removed_at__isnull=True).select_related("file", "case").first()
    if document is None:
        raise NotFound
    form = SendForm(request.POST or None, addresses=addresses_of(case), language=_language(request, case))
    if request.method == "POST" and form.is_valid():
        sent = {name: form.cleaned_data[name] for name in ("send_to", "language")}
        try:
            send_document(
                document, by=request.member, idempotency_key=form.cleaned_data["idempotency_key"] or None, **sent
            )
        except (Refusal, Refusals) as refusal:
            if isinstance(refusal, NotFound):
                raise
            add_refusal(form, refusal)
        else:
            return back(request, case, _("Courriel envoyé."), anchor="section-more")
    context = {"case": case, "document": document, "form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/document_send.html", context, status=status)


@require_POST
@requires(Right.DOCUMENT_WRITE, module=Module.CASEWORK)
def letter_preview(request, number):
    """The letter as it stands in the form, drawn while it is written; nothing is kept."""
    case = get_case(request, number, Right.DOCUMENT_WRITE)
    template = _needed(request)
    language = _language(request, case)
    facts = facts_for(case, language, request.member)
    context = preview_of(template, facts, language=language, written=_written(request))
    return render_block(request, "documents/_preview.html", "preview", {**context, "client": case.client})


@require_POST
@requires(Right.DOCUMENT_WRITE, module=Module.CASEWORK)
def letter_trial(request, number):
    """The PDF or the Word document as it would be, to be looked at or printed; nothing is kept."""
    case = get_case(request, number, Right.DOCUMENT_WRITE)
    template = _needed(request)
    language = _language(request, case)
    facts = facts_for(case, language, request.member)
    if template.kind == Kind.WORD:
        if template.file is None:
            raise NotFound
        with opened(template.file) as content:
            return _download(f"{template.name}.docx", word.filled_in(content.read(), facts))
    pdf = letters.pdf_of(
        template, facts, language=language, organization=request.member.organization, written=_written(request)
    )
    return _download(f"{template.name}.pdf", pdf)


def _written(request) -> tuple[str, str]:
    subject, text = request.POST.get("subject", "")[:300], request.POST.get("text", "")[:20_000]
    return subject, text.replace("\r\n", "\n")


def _offered(request) -> list[DocumentTemplate]:
    mine = DocumentTemplate.objects.filter(organization_id=request.member.organization_id, is_active=True)
    return sorted(mine.select_related("file", "organization"), key=lambda one: one.name.casefold())


def _chosen(request, offered: list[DocumentTemplate]) -> DocumentTemplate | None:
    """The one that the address names; the first that is offered where it names none."""
    code = request.POST.get("modele") or request.GET.get("modele", "")
    if not code:
        return offered[0] if offered else None
    found = next((one for one in offered if one.code == code), None)
    if found is None:
        raise NotFound
    return found


def _needed(request) -> DocumentTemplate:
    found = _chosen(request, _offered(request))
    if found is None:
        raise NotFound
    return found


def _language(request, case) -> str:
    """The client's, unless another is asked for."""
    asked = request.POST.get("langue") or request.GET.get("langue", "")
    return asked if asked in User.Language.values else case.client.language


def _download(name: str, content: bytes) -> HttpResponse:
    kind = "application/pdf" if name.endswith(".pdf") else "application/octet-stream"
    answer = HttpResponse(content, content_type=kind)
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
