"""Who at the client will see an entry, and who will be mailed: the same answer before it is saved and when it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entregent.access.recall import recalled
from entregent.clients.models import Person
from entregent.interactions.portal_models import PortalAccess, PortalEvent
from entregent.organizations.models import Membership, Module
from entregent.toolbox.errors import Refusal

_NAMED = 3  # Names that a sentence tells one by one.


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody at the client: by the portal, or whom an agent has chosen to write to."""

    person_id: int
    name: str
    email: str
    language: str
    is_mailed: bool
    on_portal: bool = True


@dataclass(slots=True)
class Audience:
    """Who sees and who is mailed. `sender` is the author's address, "" where it is missing or invalid."""

    internal: bool
    incoming: bool
    has_portal: bool
    sender: str
    wants_mail: bool
    readers: list[Reader] = field(default_factory=list)

    @property
    def mailed(self) -> list[Reader]:
        """Nobody for what is internal, nobody without an address to write from."""
        if self.internal or not self.sender:
            return []
        return [reader for reader in self.readers if reader.is_mailed]

    @property
    def is_communicated(self) -> bool:
        """The client may see it: on the portal, or in the mail that an agent asked for."""
        return not self.internal and (self.has_portal or any(not reader.on_portal for reader in self.mailed))

    @property
    def warning(self) -> str:
        """W-003-SENDER, W-003-NOSUB, or "" where all is as the author asked."""
        if self.internal or not self.wants_mail:
            return ""
        wanted = any(reader.is_mailed for reader in self.readers)
        if wanted and not self.sender:
            return "W-003-SENDER"
        return "" if wanted or not self.has_portal else "W-003-NOSUB"

    @property
    def sentences(self) -> list[str]:
        """What the screen says before saving."""
        if self.internal:
            return [_("Interne : personne chez le client ne le verra.")]
        told = []
        mailed = self.mailed
        if self.has_portal:
            only_seen = [one for one in self.readers if one.on_portal and one not in mailed]
            both = [one for one in mailed if one.on_portal]
            if both:
                told.append(
                    ngettext(
                        "%(names)s le verra sur le portail et recevra un courriel.",
                        "%(names)s le verront sur le portail et recevront un courriel.",
                        len(both),
                    )
                    % {"names": _names(both)}
                )
            if only_seen:
                told.append(
                    ngettext(
                        "%(names)s le verra sur le portail, sans courriel.",
                        "%(names)s le verront sur le portail, sans courriel.",
                        len(only_seen),
                    )
                    % {"names": _names(only_seen)}
                )
            if not (both or only_seen):
                told.append(_("Publié sur le portail, où personne chez ce client n’a encore accès."))
        alone = [one for one in mailed if not one.on_portal]
        if alone:
            told.append(mailed_text(alone))
        if not told:
            told.append(_("Rien n’en est communiqué au client."))
        if self.warning:
            told.append(warning_text(self.warning, is_saved=False))
        return told


def audience_of(
    member: Membership,
    *,
    client_id: int | None,
    person_id: int | None,
    internal: bool,
    incoming: bool,
    notify: bool,
    mail_to: Sequence[Person] = (),
) -> Audience:
    """Who will see and be mailed an entry of this interaction that `member` writes. At most one query.

    By mail are told those with access to the portal who took it (R003-20), and `mail_to`, whom the author chose.
    """
    audience = Audience(
        internal=internal,
        incoming=incoming,
        has_portal=member.organization.has_module(Module.PORTAL),
        sender=valid_address(member.sending_address),
        wants_mail=notify or bool(mail_to),
    )
    if internal:
        return audience
    if audience.has_portal:
        event = PortalEvent.ENTRY_RECORDED if incoming else PortalEvent.ENTRY_PUBLISHED
        chosen = {person.pk for person in mail_to}
        audience.readers = [
            Reader(
                access.person_id,
                access.person.full_name,
                access.address,
                access.language,
                is_mailed=(notify and event in access.subscriptions) or access.person_id in chosen,
            )
            for access in _accesses(member.organization_id, client_id, person_id)
        ]
    known = {reader.person_id for reader in audience.readers}
    audience.readers += [
        Reader(person.pk, person.full_name, person.main_email, person.language, is_mailed=True, on_portal=False)
        for person in mail_to
        if person.pk not in known and valid_address(person.main_email)
    ]
    return audience


def _accesses(organization_id: int, client_id: int | None, person_id: int | None) -> list[PortalAccess]:
    """Whoever reads the conversation on the portal now: as `publication.published_for` has it."""
    if client_id is not None:
        accesses = _of_client(None, organization_id, client_id)
    elif person_id is not None:
        accesses = _of_person(None, organization_id, person_id)
    else:
        return []
    return [
        access for access in accesses if person_id is None or access.sees_colleagues or access.person_id == person_id
    ]


# Asked with every contact that is logged.
@recalled
def _of_client(member, organization_id: int, client_id: int) -> QuerySet[PortalAccess]:
    found = PortalAccess.objects.active().filter(organization_id=organization_id, client_id=client_id)
    return found.select_related("person").order_by("id")


@recalled
def _of_person(member, organization_id: int, person_id: int) -> QuerySet[PortalAccess]:
    found = PortalAccess.objects.active().filter(organization_id=organization_id, client__isnull=True)
    return found.filter(person_id=person_id).select_related("person").order_by("id")


def valid_address(address: str) -> str:
    """The address, or "" where no mail can be written from it or to it."""
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address


def warning_text(code: str, *, is_saved: bool = True) -> str:
    if code == "W-003-SENDER":
        if is_saved:
            return _("Enregistré, mais aucun courriel envoyé : votre adresse est absente de l'écran Utilisateurs.")
        return _("Aucun courriel ne partira : votre adresse est absente de l'écran Utilisateurs.")
    if is_saved:
        return _("Aucun destinataire abonné : courriel non envoyé.")
    return _("Aucun destinataire abonné : aucun courriel ne partira.")


def mailed_text(readers: list[Reader]) -> str:
    words = ngettext("%(names)s recevra un courriel.", "%(names)s recevront un courriel.", len(readers))
    return words % {"names": _names(readers)}


def no_address(person: Person) -> Refusal:
    message = _("%(name)s n'a pas d'adresse de courriel valide.") % {"name": person.full_name}
    return Refusal("E-004-TO", message, field="mail_to")


def _names(readers: list[Reader]) -> str:
    names = [reader.name for reader in readers]
    more = len(names) - _NAMED
    if more > 1:
        return _("%(names)s et %(n)s autres") % {"names": ", ".join(names[:_NAMED]), "n": more}
    if len(names) == 1:
        return names[0]
    return _("%(names)s et %(last)s") % {"names": ", ".join(names[:-1]), "last": names[-1]}
