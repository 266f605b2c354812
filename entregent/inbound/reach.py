"""Who may read a mail as it came."""

from entregent.inbound.models import FiledMail, RawMail
from entregent.interactions.models import Interaction
from entregent.toolbox.errors import NotFound


def original_for(member, mail_id: int) -> RawMail:
    """Seen by whom may attach it, and by whoever sees an interaction behind which it stands; else NotFound."""
    mail = (
        RawMail.objects.select_related("file", "organization")
        .filter(pk=mail_id, organization_id=member.organization_id)
        .first()
    )
    if mail is None:
        raise NotFound
    if not interactions_behind(member, mail) and not RawMail.objects.visible_to(member).filter(pk=mail_id).exists():
        raise NotFound
    return mail


def interactions_behind(member, mail: RawMail) -> list[Interaction]:
    """The interactions of a mail that the member sees."""
    behind = FiledMail.objects.filter(mail=mail).values("interaction_id")
    return list(Interaction.objects.visible_to(member).select_related("client", "topic").filter(pk__in=behind)[:10])


def mails_behind(interaction: Interaction) -> list[RawMail]:
    """The mails of an interaction that the member was found to see, newest first."""
    return list(RawMail.objects.filter(filed__interaction=interaction).distinct()[:200])
