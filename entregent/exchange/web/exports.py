import tempfile
from datetime import date

from django.http import FileResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.exchange.exports import csv_pieces, export_kinds, export_rows, xlsx_into
from entregent.organizations.web.administration import render_administration
from entregent.toolbox.errors import NotFound


@require_GET
@requires(Right.DATA_EXPORT)
def export_list(request):
    return render_administration(request, "exchange/export_list.html", {"kinds": [("clients", _("Clients"))]})


@require_POST
@requires(Right.DATA_EXPORT)
def export_file(request, kind):
    """What the person sees, as a file. It is written down first: nothing is read after the guard has left."""
    if kind not in export_kinds():
        raise NotFound
    form = "xlsx" if request.POST.get("format") == "xlsx" else "csv"
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    header, rows = export_rows(kind, request.member)
    if form == "xlsx":
        xlsx_into(file, header, rows)
    else:
        for piece in csv_pieces(header, rows):
            file.write(piece)
    file.seek(0)
    types = {
        "csv": "text/csv; charset=utf-8",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
    return FileResponse(
        file, as_attachment=True, filename=f"{kind}-{date.today().isoformat()}.{form}", content_type=types[form]
    )
