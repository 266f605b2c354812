"""Setting connectors up, trying them out, and putting right what went wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from entregent.audit.actions import record
from entregent.clients.models import Client
from entregent.connectors.actions.noticing import wake
from entregent.connectors.actions.sending import PURPOSE, State, wiring_of
from entregent.connectors.carriers import carrier_for
from entregent.connectors.carriers.contract import Trouble
from entregent.connectors.fields import audience_of, offered, told_of, usual_mapping
from entregent.connectors.models import Connector, ConnectorState, Copy, Exchange, Touched
from entregent.outbox.endpoints import may_loop, new_secret
from entregent.toolbox import hosts, outgoing
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale, required, too_long
from entregent.toolbox.queue import ask
from entregent.toolbox.sealing import SealBroken, seal, unseal
from entregent.toolbox.text import one_line

Kind = Connector.Kind
BY_HTTP = (Kind.WEBHOOK, Kind.ENTREGENT, Kind.ODOO, Kind.ESPOCRM)
# The settings of each kind; all texts, but for the port and whether acknowledgements are waited for.
SETTINGS: dict[str, tuple[str, ...]] = {
    Kind.WEBHOOK: (),
    Kind.FILE: ("folder", "format", "expects_acknowledgement"),
    Kind.SFTP: ("port", "username", "folder", "fingerprint", "format", "expects_acknowledgement"),
    Kind.ENTREGENT: (),
    Kind.ODOO: ("database", "username", "key_field", "on_withdrawal"),
    Kind.ESPOCRM: ("key_field",),
}
NEEDED: dict[str, tuple[str, ...]] = {
    Kind.FILE: ("folder",),
    Kind.SFTP: ("username",),
    Kind.ODOO: ("database", "username"),
}
# Those whose secret somebody types; a webhook is given one, a folder needs none.
WITH_SECRET = (Kind.SFTP, Kind.ENTREGENT, Kind.ODOO, Kind.ESPOCRM)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,79}")
_FOLDER = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
LONGEST_SECRET = 10_000
MOST_COUNTED = 10_000
SHOWN = 10
MOST_REPLAYED = 20_000


@transaction.atomic
def create_connector(
    *, by, name: str, kind: str, address: str = "", settings: Mapping[str, Any] | None = None, secret: str = "",
    mapping: Mapping[str, str] | None = None, audience: str = Connector.Audience.ENROLLED, is_on: bool = False,
) -> tuple[Connector, str]:  # fmt: skip
    """Given back: the connector, and the secret of a webhook, the only time that it is shown."""
    record("create_connector", by=by, name=name)
    if kind not in Kind.values:
        raise required("kind", pgettext("connector", "Genre"))
    connector = Connector(organization_id=by.organization_id, kind=kind)
    given = usual_mapping(kind) if mapping is None else mapping
    _fill(connector, name, address, settings or {}, given, audience, secret, by=by)
    connector.is_on = is_on
    if kind == Kind.WEBHOOK:
        secret = new_secret()
    elif kind not in WITH_SECRET:
        secret = ""
    connector.save()
    sealed = seal(secret, purpose=PURPOSE) if secret else ""
    ConnectorState.objects.create(organization_id=by.organization_id, connector=connector, secret=sealed)
    if is_on:
        _note_later(connector)
    return connector, secret if kind == Kind.WEBHOOK else ""


@transaction.atomic
def update_connector(
    connector: Connector, *, by, version: int, name: str, address: str = "",
    settings: Mapping[str, Any] | None = None, secret: str = "", mapping: Mapping[str, str] | None = None,
    audience: str, is_on: bool,
) -> Connector:  # fmt: skip
    """An empty secret keeps the one that is known, unless the address is another one: it must not go there unseen."""
    connector = _locked(connector, by=by)
    record("update_connector", by=by, subject=connector, name=name)
    if connector.version != version:
        raise Stale(who=_("un autre membre"), when="", current=connector)
    state = ConnectorState.objects.select_for_update().get(connector=connector)
    before = (connector.address, connector.settings.get("port"), connector.settings.get("fingerprint"))
    given = connector.mapping if mapping is None else mapping
    _fill(connector, name, address, settings or {}, given, audience, secret or state.secret, by=by)
    after = (connector.address, connector.settings.get("port"), connector.settings.get("fingerprint"))
    is_elsewhere = before[:2] != after[:2] or bool(before[2] and before[2] != after[2])
    if is_elsewhere and connector.kind in WITH_SECRET and not secret:
        raise Refusal(
            "E-CONNECTOR-SECRET", _("L’adresse a changé : saisissez de nouveau la clé ou le mot de passe."),
            field="secret",
        )  # fmt: skip
    connector.is_on, connector.version = is_on, connector.version + 1
    connector.save()
    if secret and connector.kind in WITH_SECRET:
        state.secret = seal(secret, purpose=PURPOSE)
    # It may be another system, or mended: nothing is held against it.
    state.paused_until, state.away, state.error = None, 0, ""
    state.save(update_fields=["secret", "paused_until", "away", "error"])
    if is_on:
        _note_later(connector)
    return connector


@transaction.atomic
def rotate_secret(connector: Connector, *, by) -> str:
    """A new secret of a webhook, shown once."""
    connector = _locked(connector, by=by)
    record("rotate_connector_secret", by=by, subject=connector, name=connector.name)
    if connector.kind != Kind.WEBHOOK:
        raise NotFound
    secret = new_secret()
    ConnectorState.objects.filter(connector=connector).update(secret=seal(secret, purpose=PURPOSE))
    return secret


@transaction.atomic
def delete_connector(connector: Connector, *, by) -> None:
    """Refused while the other system holds anybody: who has a client still would be known no more."""
    connector = _locked(connector, by=by)
    record("delete_connector", by=by, subject=connector, name=connector.name)
    if Copy.objects.filter(connector=connector, tried_at__isnull=False).exists():
        raise Refusal(
            "E-CONNECTOR-HOLDS",
            _("Ce système a encore des clients : arrêtez le connecteur, ou retirez-les d’abord."),
            status=409,
        )
    connector.delete()


def try_connector(connector: Connector, *, by) -> str:
    """« Tester la connexion »: at once, changing nothing over there. Refuses with what went wrong."""
    connector = Connector.objects.select_related("state", "organization").get(
        pk=connector.pk, organization_id=by.organization_id
    )
    try:
        secret = unseal(connector.state.secret, purpose=PURPOSE) if connector.state.secret else ""
        return carrier_for(connector.kind, wiring_of(connector, secret)).test()
    except SealBroken:
        raise Refusal(
            "E-CONNECTOR-TRY", _("Le secret n’est plus lisible : saisissez-le de nouveau."), field="secret"
        ) from None
    except Trouble as trouble:
        raise Refusal("E-CONNECTOR-TRY", trouble.said, field="address") from None


@dataclass(frozen=True)
class DryRun:
    """« Essai à blanc »: how many would leave, and the first of them as they would be sent."""

    to_add: int
    held: int
    to_withdraw: int
    records: list[tuple[str, dict]]


def dry_run(connector: Connector) -> DryRun:
    """What « Tout envoyer » would do; nothing is written and nobody is spoken to."""
    wanted = Client.objects.filter(audience_of(connector))
    copies = Copy.objects.filter(connector=connector)
    there = copies.exclude(state=Copy.State.GONE)
    new = wanted.exclude(pk__in=there.values("client_id"))
    staying = there.filter(client_id__in=wanted.values("pk"))
    leaving = copies.filter(state__in=[Copy.State.PENDING, Copy.State.HELD]).exclude(client_id__in=wanted.values("pk"))
    keys = list(new.order_by("pk").values_list("pk", flat=True)[:SHOWN])
    keys += list(staying.order_by("pk").values_list("client_id", flat=True)[: SHOWN - len(keys)])
    return DryRun(
        to_add=_count(new), held=_count(staying), to_withdraw=_count(leaving),
        records=sorted(told_of(connector, keys).values(), key=lambda one: one[0]),
    )  # fmt: skip


@transaction.atomic
def send_everything(connector: Connector, *, by) -> None:
    """« Tout envoyer »: by the worker; whoever there is as we wrote it down last is left alone."""
    connector = _locked(connector, by=by)
    record("send_everything", by=by, subject=connector, name=connector.name)
    if not connector.is_on:
        raise Refusal("E-CONNECTOR-OFF", _("Ce connecteur est arrêté : mettez-le en service d’abord."), status=409)
    ConnectorState.objects.filter(connector=connector).update(paused_until=None, away=0)
    _note_later(connector)


@transaction.atomic
def replay(connector: Connector, *, by, exchange: Exchange | None = None) -> int:
    """« Rejouer »: one exchange, or all that failed and that nothing newer has replaced. The same key, the same body:
    a receiver that has it already knows it again. Says how many."""
    connector = _locked(connector, by=by)
    record("replay_exchanges", by=by, subject=connector, name=connector.name)
    waiting = (State.FAILED, State.PENDING)
    found = Exchange.objects.filter(connector=connector)
    if exchange is None:
        keys = list(found.filter(state__in=waiting).order_by("pk").values_list("pk", flat=True)[:MOST_REPLAYED])
    else:
        later = found.filter(client_id=exchange.client_id, pk__gt=exchange.pk)
        if later.exists() or exchange.state == State.SUPERSEDED:
            said = _("Un échange plus récent a remplacé celui-ci : rejouez le dernier.")
            raise Refusal("E-CONNECTOR-REPLACED", said, status=409)
        keys = [exchange.pk]
    count = found.filter(pk__in=keys).update(
        state=State.PENDING, tries=0, next_try_at=timezone.now(), error="", settled_at=None
    )
    if exchange is not None and exchange.operation == Exchange.Operation.WITHDRAW:
        Copy.objects.filter(connector=connector, client_id=exchange.client_id).update(
            state=Copy.State.LEAVING, tried_at=timezone.now()
        )
    ConnectorState.objects.filter(connector=connector).update(paused_until=None, away=0)
    wake(connector.organization_id)
    return count


@transaction.atomic
def map_copy(connector: Connector, *, by, client: Client, external_id: str) -> Copy:
    """« Rattacher »: the record over there that a client is, where somebody knows better than we do: the next push
    changes that one and makes no other."""
    connector = _locked(connector, by=by)
    record("map_copy", by=by, subject=connector, client_id=client.pk, number=client.number)
    external_id = one_line(external_id)
    if not external_id:
        raise required("external_id", _("Identifiant là-bas"))
    if len(external_id) > 200:
        raise too_long("external_id", _("Identifiant là-bas"), 200)
    copy = Copy.objects.select_for_update().filter(connector=connector, client_id=client.pk).first()
    if copy is None:
        copy = Copy(organization_id=by.organization_id, connector=connector, client_id=client.pk)
    copy.external_id, copy.creating, copy.digest = external_id, None, ""
    copy.save()
    Touched.objects.create(organization_id=by.organization_id, client_id=client.pk)
    wake(by.organization_id)
    return copy


def _fill(connector: Connector, name: str, address: str, settings: Mapping[str, Any], mapping: Mapping[str, str],
          audience: str, secret: str, *, by) -> None:  # fmt: skip
    """Cleans and sets; refuses by field."""
    refusals: list[Refusal] = []
    connector.name = one_line(name)
    if not connector.name:
        refusals.append(required("name", pgettext("thing", "Nom")))
    elif len(connector.name) > 80:
        refusals.append(too_long("name", pgettext("thing", "Nom"), 80))
    else:
        others = Connector.objects.filter(organization_id=by.organization_id, name__iexact=connector.name)
        if others.exclude(pk=connector.pk).exists():
            refusals.append(Refusal("E-CONNECTOR-NAME", _("Un connecteur porte déjà ce nom."), field="name"))
    if audience in Connector.Audience.values:
        connector.audience = audience
    else:
        refusals.append(required("audience", _("Clients transmis")))
    try:
        connector.settings = _settings(connector.kind, settings)
    except Refusals as several:
        refusals += several.refusals
    try:
        connector.address = _address(connector, address)
    except Refusal as refusal:
        refusals.append(refusal)
    if connector.kind in WITH_SECRET and not secret:
        refusals.append(required("secret", _("Clé ou mot de passe")))
    if len(secret) > LONGEST_SECRET:
        refusals.append(too_long("secret", _("Clé ou mot de passe"), LONGEST_SECRET))
    try:
        connector.mapping = _mapping(connector.kind, mapping)
    except Refusal as refusal:
        refusals.append(refusal)
    if refusals:
        raise Refusals(refusals)


def _address(connector: Connector, address: str) -> str:
    address = address.strip()
    if connector.kind == Kind.FILE:
        return ""
    if not address:
        raise required("address", pgettext("url", "Adresse"))
    if connector.kind in BY_HTTP:
        return outgoing.check_url(address, may_loop=may_loop(), field="address")
    try:
        hosts.resolved(address, int(connector.settings.get("port") or 22), may_loop=may_loop())
    except hosts.HostRefused:
        raise hosts.HostRefused(field="address") from None
    return address


def _settings(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    labels = {
        "folder": _("Dossier"), "username": _("Identifiant"), "database": _("Base"), "port": _("Port"),
        "key_field": _("Champ qui porte notre numéro"), "fingerprint": _("Empreinte du serveur"),
    }  # fmt: skip
    refusals: list[Refusal] = []
    kept: dict[str, Any] = {}
    for name in SETTINGS[kind]:
        value = given.get(name, "")
        if name == "expects_acknowledgement":
            kept[name] = bool(value)
            continue
        text = one_line(str(value if value is not None else ""))
        if len(text) > 200:
            refusals.append(too_long(name, labels.get(name, name), 200))
        elif not text and name in NEEDED.get(kind, ()):
            refusals.append(required(name, labels[name]))
        elif name == "port" and text and not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
            refusals.append(Refusal("E-CONNECTOR-PORT", _("Un port est un nombre de 1 à 65535."), field=name))
        elif name == "folder" and kind == Kind.FILE and not _FOLDER.fullmatch(text):
            sentence = _("Un nom de dossier en minuscules, sans « / » : lettres, chiffres, tirets.")
            refusals.append(Refusal("E-CONNECTOR-FOLDER", sentence, field=name))
        elif name == "key_field" and text and not _NAME.fullmatch(text):
            refusals.append(Refusal("E-CONNECTOR-FIELD", _("Ce n’est pas un nom de champ."), field=name))
        elif name == "format":
            kept[name] = text if text in ("csv", "json") else "csv"
        elif name == "on_withdrawal":
            kept[name] = text if text in ("archive", "delete") else "archive"
        elif text:
            kept[name] = int(text) if name == "port" else text
    if refusals:
        raise Refusals(refusals)
    return kept


def _mapping(kind: str, given: Mapping[str, str]) -> dict[str, str]:
    """Our field → theirs, without those that are not sent; no two into one field."""
    codes = {one.code for one in offered(kind)}
    kept: dict[str, str] = {}
    for code, target in given.items():
        target = one_line(str(target or ""))
        if code not in codes or not target:
            continue
        if not _NAME.fullmatch(target):
            raise Refusal("E-CONNECTOR-FIELD", _("Ce n’est pas un nom de champ."), field=f"map-{code}")
        if kind == Kind.ENTREGENT and target != code:
            raise Refusal("E-CONNECTOR-FIELD", _("Un autre Entregent a les mêmes champs."), field=f"map-{code}")
        if target in kept.values():
            sentence = _("Deux champs ne peuvent pas devenir « %(target)s ».") % {"target": target}
            raise Refusal("E-CONNECTOR-TWICE", sentence, field=f"map-{code}")
        kept[code] = target
    needed = {Kind.ENTREGENT: ("kind", "name"), Kind.ESPOCRM: ("kind", "name")}.get(Kind(kind), ())
    if not kept or any(code not in kept for code in needed):
        raise Refusal("E-CONNECTOR-MAPPING", _("Le genre et le nom sont indispensables."), field="map-name")
    return kept


def _locked(connector: Connector, *, by) -> Connector:
    found = (
        Connector.objects.select_for_update(of=("self",), no_key=True)
        .select_related("organization")
        .filter(pk=connector.pk, organization_id=by.organization_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def _note_later(connector: Connector) -> None:
    ask(
        "entregent.connectors.note_everybody", queue="bulk", lock=f"connectors-{connector.organization_id}",
        organization_id=connector.organization_id, connector_id=connector.pk,
    )  # fmt: skip


def _count(records) -> int:
    return records.order_by()[: MOST_COUNTED + 1].count()
