"""Data going out: what the person sees, row by row, as CSV (`toolbox.spreadsheets`) or XLSX, without formulas."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.clients.models import Address, Client
from entregent.listing.custom_fields import emails_of, fields_of, written
from entregent.organizations.models import Membership
from entregent.toolbox.spreadsheets import csv_pieces


def export_kinds() -> dict[str, Callable[[Membership], tuple[list[str], QuerySet, Callable]]]:
    return {"clients": _clients}


def write_export(kind: str, path: Path, member: Membership, progress: Callable[[int, int | None], None]) -> int:
    """Writes a file of its own. Returns the number of records."""
    done = 0

    def counted(rows: Iterator[list[str]]) -> Iterator[list[str]]:
        nonlocal done
        for row in rows:
            done += 1
            if done % 1000 == 0:
                progress(done, None)
            yield row

    header, rows = export_rows(kind, member)
    if path.suffix.lower() == ".xlsx":
        xlsx_into(str(path), header, counted(rows))
    else:
        with path.open("wb") as file:
            for piece in csv_pieces(header, counted(rows)):
                file.write(piece)
    progress(done, done)
    return done


def export_rows(kind: str, member: Membership) -> tuple[list[str], Iterator[list[str]]]:
    """The names of the columns, and the rows. The journal says who took what out."""
    header, records, as_row = export_kinds()[kind](member)
    record("export", by=member, kind=kind)
    return header, (as_row(one) for one in records.iterator(chunk_size=2000))


def xlsx_into(file, header: list[str], rows: Iterator[list[Any]]) -> None:
    """Writes a workbook of texts, numbers and days to a file or to the name of one."""
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, header)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for number, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(number, place, cell, moment)
                elif isinstance(cell, date):
                    sheet.write_datetime(number, place, cell, day)
                elif isinstance(cell, int | float | Decimal):
                    sheet.write_number(number, place, cell)
                elif cell:
                    sheet.write_string(number, place, str(cell)[:32_000])


def _clients(member: Membership):
    main = Address.objects.filter(client=OuterRef("pk"), kind=Address.Kind.MAIN)
    fields = fields_of(member, "client")
    staff = emails_of(member, fields)
    records = (
        Client.objects.visible_to(member, Right.DATA_EXPORT)
        .order_by("id")
        .values_list(
            "number", "kind", "name", "first_name", "status", "category", "language", "birth_date", "emails", "phones",
            "identifiers", F("sector__code"), F("responsible__email"),
            Subquery(main.values("street")[:1]), Subquery(main.values("unit")[:1]),
            Subquery(main.values("postal_code")[:1]), Subquery(main.values("city")[:1]),
            Subquery(main.values("region")[:1]), Subquery(main.values("country")[:1]), "tags", "custom",
        )
    )  # fmt: skip
    header = [
        _("numéro"), _("nature"), _("nom"), _("prénom"), _("statut"), _("catégorie"), _("langue"),
        _("date de naissance"), _("courriel 1"), _("courriel 2"), _("courriel 3"), _("téléphone 1"), _("téléphone 2"),
        "siren", "siret", _("secteur"), _("agent responsable"), _("adresse"), _("complément"), _("code postal"),
        _("ville"), _("province"), _("pays"), _("étiquettes"), *(field.label for field in fields),
    ]  # fmt: skip

    def as_row(one) -> list[str]:
        emails = [*one[8], "", "", ""][:3]
        phones = [*(phone["number"] for phone in one[9]), "", ""][:2]
        identifiers = one[10]
        return [
            *one[:7], one[7].isoformat() if one[7] else "", *emails, *phones, identifiers.get("siren", ""),
            identifiers.get("siret", ""), *(cell or "" for cell in one[11:-2]), ", ".join(one[-2]),
            *(written(field, one[-1].get(field.code), staff) for field in fields),
        ]  # fmt: skip

    return header, records, as_row
