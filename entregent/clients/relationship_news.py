"""What the provider is told of its requests and relationships (requirements.md §3.6, R002-33)."""

from datetime import date

from babel.dates import format_date
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.clients import ties
from entregent.clients.models import Client
from entregent.notifications.actions import notify, subscribers
from entregent.notifications.extension_points import About, Event, Mail
from entregent.organizations.models import Membership, Module
from entregent.relationships.extension_points import what_is_lost
from entregent.relationships.models import AccessRequest, Level, Relationship, today_of

APPROVED, REJECTED, UNANSWERED = "relationship_approved", "relationship_rejected", "relationship_unanswered"
ENDING, ENDED = "relationship_ending", "relationship_ended"


def _day(text: str) -> str:
    return format_date(date.fromisoformat(text), "long", locale=get_language() or "fr")


def _approved(words: dict) -> str:
    return _("%(who)s a approuvé votre demande d'accès") % words


def _level(words: dict) -> list[str]:
    told = [str(Level(words["level"]).label)]
    if words["until"]:
        told.append(_("Jusqu'au %(day)s compris.") % {"day": _day(words["until"])})
    return told


def _rejected(words: dict) -> str:
    return _("Votre demande d'accès au compte %(who)s est rejetée") % words


def _reason(words: dict) -> list[str]:
    return [_("Motif : %(reason)s") % words] if words.get("reason") else []


def _unanswered(words: dict) -> str:
    return _("Votre demande d'accès au compte %(who)s est restée sans réponse") % words


def _ending(words: dict) -> str:
    days = words["days"]
    if days == 0:
        return _("La relation d'affaires avec %(who)s se termine ce soir") % words
    return ngettext(
        "La relation d'affaires avec %(who)s se termine dans %(days)d jour",
        "La relation d'affaires avec %(who)s se termine dans %(days)d jours", days,
    ) % words  # fmt: skip


def _lost(words: dict) -> list[str]:
    lost = words.get("lost", [])
    return [_("Ce qui serait perdu à la fin : %(lost)s.") % {"lost": " ; ".join(lost)}] if lost else []


def _ended(words: dict) -> str:
    if words["state"] == Relationship.State.REVOKED:
        return _("%(who)s a révoqué la relation d'affaires") % words
    if words["state"] == Relationship.State.GIVEN_UP:
        return _("La relation d'affaires avec %(who)s a été abandonnée") % words
    return _("La relation d'affaires avec %(who)s a expiré") % words


def relationship_event_kinds() -> list[Event]:
    module = Module.DELEGATION
    mine, client = About.ONESELF, About.CLIENT
    return [
        Event(APPROVED, gettext_lazy("Un client approuve ma demande d'accès"), _approved, mine, icon="user-check",
              mail=Mail.NOW, details=_level, module=module),
        Event(REJECTED, gettext_lazy("Un client rejette ma demande d'accès"), _rejected, mine, icon="user-off",
              mail=Mail.NOW, details=_reason, module=module),
        Event(UNANSWERED, gettext_lazy("Une de mes demandes d'accès est restée sans réponse"), _unanswered, mine,
              icon="clock", module=module),
        Event(ENDING, gettext_lazy("Une relation d'affaires se termine bientôt"), _ending, client,
              right=Right.CLIENT_VIEW, icon="clock", mail=Mail.NOW, details=_lost, module=module),
        Event(ENDED, gettext_lazy("Une relation d'affaires est terminée"), _ended, client, right=Right.CLIENT_VIEW,
              icon="user-off", mail=Mail.NOW, module=module),
    ]  # fmt: skip


def tell_provider(event: str, about: AccessRequest | Relationship) -> None:
    """Contribution to `relationships.relationship_events`: who asked, and for what ends the client's agent as well."""
    if isinstance(about, AccessRequest):
        code = {"request.rejected": REJECTED, "request.expired": UNANSWERED}.get(event)
        if code is not None:
            _tell_request(code, about)
    elif event == "relationship.approved":
        _tell(APPROVED, about, _words(about))
    elif event == "relationship.ending":
        _warn(about, _words(about) | {"days": about.days_left(today_of(about.organization))})
    elif event == "relationship.ended":
        _tell(ENDED, about, _words(about) | {"state": about.state})


def _words(about: Relationship) -> dict:
    until = about.ends_on.isoformat() if about.ends_on is not None else ""
    return {"who": about.account.name, "level": about.level, "until": until}


def _tell(code: str, about: Relationship, words: dict) -> None:
    client = ties.holder_of(about.account_id, about.organization_id)
    _notify(code, about, words, client, _concerned(code, about, client))


def _warn(about: Relationship, words: dict) -> None:
    """Whoever sees to relationships is told with it what would be lost, as they see it and in their language."""
    client = ties.holder_of(about.account_id, about.organization_id)
    users = _concerned(ENDING, about, client)
    members = Membership.objects.active().filter(organization=about.organization, user_id__in=users)
    for member in members.select_related("user", "organization").order_by("pk"):
        if not member.can(Right.RELATIONSHIPS):
            continue
        with translation.override(member.user.language):
            lost = [sentence for tell in what_is_lost for sentence in tell(member, about)]
        _notify(ENDING, about, words | {"lost": lost}, client, {member.user_id})
        users.discard(member.user_id)
    _notify(ENDING, about, words, client, users)


def _concerned(code: str, about: Relationship, client: Client | None) -> set[int]:
    asked_by = about.request.asked_by_id if about.request is not None else None
    users = {asked_by} if asked_by is not None else set()
    if code != APPROVED:
        users |= set(subscribers(about.organization, code, client.pk if client is not None else None))
    return users


def _notify(code: str, about: Relationship, words: dict, client: Client | None, users: set[int]) -> None:
    organization = about.organization
    notify(
        organization=organization,
        event=code,
        users=users,
        client_id=client.pk if client is not None else None,
        subject_record=about,
        url=reverse("relationships:detail", kwargs={"organization": organization.slug, "pk": about.pk}),
        words=words,
    )


def _tell_request(code: str, about: AccessRequest) -> None:
    notify(
        organization=about.organization,
        event=code,
        users=[about.asked_by_id] if about.asked_by_id is not None else [],
        subject_record=about,
        url=reverse("relationships:request", kwargs={"organization": about.organization.slug, "pk": about.pk}),
        words={"who": about.account_number, "reason": about.reason},
    )
