"""What groups the rows of a file mean, settled over the whole file: a name is one group's for ever (R002-05)."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from entregent.exchange.cleaning import Cleaned
from entregent.exchange.mapping import Mapping
from entregent.exchange.readers import Row
from entregent.groups.models import NAME_MOST, ClientGroup, name_key
from entregent.organizations.models import Membership


class Grouping:
    """Gives each row the name of its group. `notes` tells of names that several groups have."""

    def __init__(self, mapping: Mapping, member: Membership):
        self._mapping = mapping
        self._member = member
        self.notes: list[str] = []

    def settle(self, rows: Iterable[tuple[Row, Cleaned]]) -> None:
        grouped = [cleaned for row, cleaned in rows if not (row.fault or cleaned.reason) and "group" in cleaned.extra]
        names: dict[str, str] = {}
        for cleaned in grouped:
            code = cleaned.extra["group"]
            name = cleaned.extra["name"] or self._mapping.names.get(code, "")
            if names.setdefault(code, name) == "" and name:
                names[code] = name
        alike: dict[str, list[str]] = {}
        for code, name in names.items():
            alike.setdefault(name_key(name), []).append(code)
        told: dict[str, str] = {}  # code → why its rows are refused
        for key, codes in alike.items():
            if key and len(codes) > 1:
                self._settle_alike(sorted(codes), names, told)
        known = {
            key: (pk, deleted_at is not None)
            for key, pk, deleted_at in ClientGroup.objects.of(self._member.organization)
            .filter(name_key__in={name_key(name) for name in names.values()})
            .values_list("name_key", "pk", "deleted_at")
        }
        for cleaned in grouped:
            code = cleaned.extra["group"]
            name = names[code]
            key = name_key(name)
            group_id, is_deleted = known.get(key, (None, False))
            if code in told:
                cleaned.reason = told[code]
            elif not key:
                cleaned.reason = _("Nom inconnu pour le groupe %(code)s.") % {"code": code[:40]}
            elif len(name) > NAME_MOST:
                cleaned.reason = _("Nom de groupe trop long : %(most)d caractères au plus.") % {"most": NAME_MOST}
            elif is_deleted:
                cleaned.reason = _("Ce nom est déjà utilisé par un groupe actif ou supprimé.")
            cleaned.extra |= {"name": name, "name_key": key, **({"group_id": group_id} if group_id else {})}

    def _settle_alike(self, codes: list[str], names: dict[str, str], told: dict[str, str]) -> None:
        words = {"name": names[codes[0]], "codes": ", ".join(codes)}
        if not self._mapping.suffix:
            sentence = _("Plusieurs groupes portent le nom « %(name)s » : %(codes)s.") % words
            self.notes.append(sentence)
            told.update(dict.fromkeys(codes, sentence))
            return
        self.notes.append(
            _("Plusieurs groupes portent le nom « %(name)s » (%(codes)s) : leur code y est ajouté.") % words
        )
        for code in codes:
            names[code] = f"{names[code]} ({code})"
