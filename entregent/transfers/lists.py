"""The list of transfers: the tab of « Gestion des clients », exports, saved views (R004-21 to -23)."""

from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import Count, F, OuterRef, Q, Subquery, TextField, Value
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from entregent.access.rights import Right
from entregent.listing.lists import Column, Kind, ListDefinition, Relation
from entregent.listing.words import as_counted
from entregent.organizations.models import Membership
from entregent.toolbox.text import as_id, search_key
from entregent.transfers.models import FileTransfer, Signature, TransferFile, state_now
from entregent.transfers.navigation import sees_transfers


def transfer_lists(member: Membership) -> list[ListDefinition]:
    if not sees_transfers(member):
        return []
    return [
        ListDefinition(
            code="transfers",
            label=_("Transfert de fichiers"),
            plural=_("Transferts de fichiers"),
            right=Right.TRANSFER_VIEW,
            records=lambda member: FileTransfer.objects.visible_to(member),
            everything=lambda member: FileTransfer.objects.filter(
                organization_id=member.organization_id, deleted_at=None
            ),
            columns=_columns,
            relations=(
                Relation("clients", _("Client"), "clients", "pk", here="client_id"),
                Relation("people", _("Personne-ressource"), "people", "pk", here="person_id"),
            ),
            default_columns=(
                "created_at", "direction", "subject", "sender", "person", "client", "state", "files", "signature",
                "expires_at", "closed_at",
            ),
            default_sort="-created_at",
            search=_search,
            address=lambda row, slug: reverse("transfers:detail", args=[slug, row["number"]]),
            row_paths=("number", "version", "subject", "client__number"),
            position=40,
            icon="transfer",
            counted=lambda n: ngettext("%(n)s transfert", "%(n)s transferts", as_counted(n)),
        )
    ]  # fmt: skip


def _columns(member: Membership) -> list[Column]:
    names: dict[str, Any] = {
        "normalize": search_key,
        "operators": ("contains", "not_contains", "starts", "is"),
        "is_nullable": True,
    }
    return [
        Column("number", _("N°"), Kind.NUMBER, "number", width=70),
        Column("created_at", _("Date"), Kind.MOMENT, "created_at", is_sortable=True, width=130),
        Column("direction", _("Type"), Kind.CHOICE, "direction", choices=lambda member: FileTransfer.Direction.choices),
        Column("subject", _("Objet"), Kind.TEXT, "subject", width=220),
        Column("sender", _("De"), Kind.MEMBER, "sender__name", asked_path="sender_id", width=150),
        Column("person", _("À"), Kind.TEXT, "list_person", annotation=lambda member: _person_name(),
               asked_path="person__sort_key", width=160, **names),
        Column("client", _("Pour"), Kind.TEXT, "client__display_name", asked_path="client__sort_key", width=180,
               **names),
        Column("client_number", _("N° client"), Kind.TEXT, "client__number", is_nullable=True),
        Column("state", _("Statut"), Kind.CHOICE, "list_state", annotation=lambda member: state_now(),
               choices=lambda member: FileTransfer.State.choices, asked=_state_asked, operators=("is", "is_not", "in"),
               width=170),
        Column("files", _("Fichiers"), Kind.TEXT, "list_files", annotation=lambda member: _file_names(),
               is_asked=False, width=200),
        Column("file_count", _("Nombre de fichiers"), Kind.NUMBER, "list_file_count",
               annotation=lambda member: _file_count(), is_asked=False),
        Column("signature", _("Signature"), Kind.CHOICE, "list_signature", annotation=lambda member: _signatures(),
               choices=lambda member: Signature.State.choices, is_asked=False, width=140),
        Column("with_signature", _("Signature demandée"), Kind.BOOLEAN, "with_signature"),
        Column("expires_at", _("Expire le"), Kind.MOMENT, "expires_at", is_sortable=True, width=130),
        Column("closed_at", _("Terminé le"), Kind.MOMENT, "closed_at", is_nullable=True, width=130),
        Column("completed_at", _("Fichiers remis le"), Kind.MOMENT, "completed_at", is_nullable=True),
        Column("email", _("Courriel"), Kind.TEXT, "email"),
    ]  # fmt: skip


def _person_name():
    full = Trim(Concat(F("person__first_name"), Value(" "), F("person__last_name")))
    return Coalesce(NullIf(full, Value("")), F("person__file_as"))


def _file_names():
    files = TransferFile.objects.filter(transfer=OuterRef("pk")).order_by().values("transfer")
    names = files.annotate(names=StringAgg("file__name", ", ", order_by="id")).values("names")
    return Coalesce(Subquery(names), Value(""), output_field=TextField())


def _file_count():
    files = TransferFile.objects.filter(transfer=OuterRef("pk")).order_by().values("transfer")
    return Coalesce(Subquery(files.annotate(number=Count("pk")).values("number")), Value(0))


def _signatures():
    """« signed » once all are; else the state that still matters: rejected, waiting, expired."""
    found = Signature.objects.filter(file__transfer=OuterRef("pk")).order_by("state").values("state")
    return Coalesce(Subquery(found.values("state")[:1]), Value(""))


def _state_asked(operator, value, member) -> Q:
    """Conditions on the state as it is now: what is over is expired."""
    wanted = {str(one) for one in (value if isinstance(value, list) else [value])}
    is_open, now = FileTransfer.OPEN, timezone.now()
    asked = Q(state__in=[one for one in wanted if one not in is_open])
    asked |= Q(state__in=[one for one in wanted if one in is_open], expires_at__gt=now)
    if FileTransfer.State.EXPIRED in wanted:
        asked |= Q(state__in=is_open, expires_at__lte=now)
    return ~asked if operator in ("is_not", "not_in") else asked


def _search(member: Membership, records, text: str):
    """Those in whose subject, person, client or file every word stands; a figure is also looked for as the number."""
    for word in search_key(text).split()[:8]:
        asked = Q(subject__icontains=word) | Q(person__sort_key__contains=word) | Q(client__sort_key__contains=word)
        asked |= Q(email__icontains=word)
        asked |= Q(pk__in=TransferFile.objects.filter(file__name__icontains=word).values("transfer_id"))
        number = as_id(word)
        if number is not None:
            asked |= Q(number=number) | Q(client__number=word)
        records = records.filter(asked)
    return records
