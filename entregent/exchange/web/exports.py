import json
import tempfile
from datetime import date

from django.http import FileResponse, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.clients.models import Client, Person
from entregent.exchange.cards import CARD_LISTS, cards_of, client_cards, person_cards
from entregent.exchange.exports import export_kinds, export_rows, xlsx_into
from entregent.exchange.lists import ListExport, as_texts, limited
from entregent.listing.conditions import sentence
from entregent.listing.lists import lists
from entregent.organizations.web.administration import render_administration
from entregent.toolbox.errors import NotFound, Refusal
from entregent.toolbox.spreadsheets import csv_pieces
from entregent.toolbox.text import as_id, search_key
from entregent.ui.pages import render

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "vcf": "text/vcard; charset=utf-8",
}


@require_GET
@requires(Right.DATA_EXPORT)
def export_list(request):
    context = {"kinds": [("clients", _("Clients"))], "lists": list(lists(request.member).values())}
    return render_administration(request, "exchange/export_list.html", context)


@require_POST
@requires(Right.DATA_EXPORT)
def export_file(request, kind):
    """What the person sees, as a file. It is written down first: nothing is read after the guard has left."""
    if kind not in export_kinds():
        raise NotFound
    form = "xlsx" if request.POST.get("format") == "xlsx" else "csv"
    header, rows = export_rows(kind, request.member)
    return _file(kind, form, header, rows)


@requires(Right.DATA_EXPORT)
def list_export(request):
    """A list as it is seen, or what is chosen in it: first what would go out and in which format, then the file.

    Fields: `liste`, `vue`, `filtre` (criteria as data), `q`, `tri`, `colonnes`; `ids` for records chosen one by one,
    unless `tout` is 1, then `sauf` takes some out; `format` csv, xlsx or vcf gives the file.
    """
    export = _asked(request)
    form = request.POST.get("format", "")
    if request.method == "POST" and form in formats_of(export):
        export.journaled(form)
        name = search_key(str(export.view.name if export.view else export.definition.plural)).replace(" ", "-")[:60]
        if form == "vcf":
            return _cards(export, name)
        if form == "xlsx":
            return _file(name, form, export.header, limited(export.rows()))
        return _file(name, form, export.header, as_texts(export.rows()))
    context = {
        "export": export,
        "total": export.count(),
        "formats": formats_of(export),
        "asked_for": sentence(export.condition, export.definition, request.member) if export.condition else "",
        "fields": _fields(request),
    }
    return render(request, "exchange/list_export.html", context)


@require_GET
@requires(Right.DATA_EXPORT)
def person_card(request, pk):
    person = Person.objects.get_visible(request.member, Right.DATA_EXPORT, pk=pk)
    record("export", by=request.member, subject=person, kind="people", format="vcf")
    return _card(b"".join(person_cards(request.member, [person.pk])), person.full_name)


@require_GET
@requires(Right.DATA_EXPORT)
def client_card(request, number):
    client = Client.objects.get_visible(request.member, Right.DATA_EXPORT, number=number)
    record("export", by=request.member, subject=client, client_id=client.pk, kind="clients", format="vcf")
    return _card(b"".join(client_cards(request.member, [client.pk])), client.display_name)


def _card(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=TYPES["vcf"])
    plain = search_key(name).replace(" ", "-")[:60] or "carte"
    response.headers["Content-Disposition"] = content_disposition_header(True, f"{plain}.vcf")
    return response


def formats_of(export: ListExport) -> dict[str, str]:
    formats = {
        "csv": _("CSV, pour tout logiciel (UTF-8)"),
        "xlsx": _("XLSX, pour un tableur"),
    }
    if export.definition.code in CARD_LISTS:
        formats["vcf"] = _("vCard 4.0, pour un carnet d’adresses")
    return formats


_FIELDS = ("liste", "vue", "filtre", "q", "tri", "colonnes", "ids", "tout", "sauf")


def _fields(request) -> list[tuple[str, str]]:
    """What was asked, to be asked again with a format."""
    sent = request.POST if request.method == "POST" else request.GET
    found = [
        (name, ",".join(sent.getlist(name)) if name in ("ids", "sauf") else sent[name])
        for name in _FIELDS
        if name != "liste" and sent.get(name)
    ]
    return [("liste", sent.get("liste") or request.GET.get("liste", "")), *found]


def _asked(request) -> ListExport:
    sent = request.POST if request.method == "POST" else request.GET
    raw = sent.get("filtre", "")
    try:
        condition = json.loads(raw) if raw not in ("", "-") else None
    except (ValueError, RecursionError) as broken:
        raise Refusal("E-FILTER", _("Ce filtre est illisible.")) from broken
    ids, left_out = _ids(sent, "ids"), _ids(sent, "sauf")
    is_whole = sent.get("tout") == "1" or not ids
    export = ListExport.of(
        request.member,
        list_code=sent.get("liste") or request.GET.get("liste", ""),
        view_id=as_id(sent.get("vue", "")),
        condition=condition,
        text=sent.get("q") or None,
        sort=sent.get("tri", ""),
        columns=[code for code in sent.get("colonnes", "").split(",") if code],
        ids=None if is_whole else ids,
        left_out=left_out if is_whole else [],
    )
    if raw == "-":  # The filter was taken off the view.
        export.condition = None
    return export


def _ids(sent, name: str) -> list[int]:
    parts = [part for text in sent.getlist(name) for part in text.split(",")]
    return [pk for pk in map(as_id, parts) if pk is not None]


def _file(name: str, form: str, header: list[str], rows) -> FileResponse:
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    if form == "xlsx":
        xlsx_into(file, header, rows)
    else:
        for piece in csv_pieces(header, rows):
            file.write(piece)
    return _answer(file, name, form)


def _cards(export: ListExport, name: str) -> FileResponse:
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    for piece in cards_of(export):
        file.write(piece)
    return _answer(file, name, "vcf")


def _answer(file, name: str, form: str) -> FileResponse:
    file.seek(0)
    filename = f"{name}-{date.today().isoformat()}.{form}"
    return FileResponse(file, as_attachment=True, filename=filename, content_type=TYPES[form])
