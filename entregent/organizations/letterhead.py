"""How an organization's mails present themselves (`outbox.letterheads`)."""

from entregent.organizations.models import Organization
from entregent.outbox.extension_points import Letterhead


def letterhead(organization_id: int) -> Letterhead | None:
    organization = Organization.objects.filter(pk=organization_id).first()
    return None if organization is None else of(organization)


def of(organization: Organization) -> Letterhead:
    return Letterhead(
        name=organization.name,
        sender_name=organization.mail_sender_name,
        sender_address=organization.mail_sender_address if organization.is_sender_confirmed else "",
        reply_address=organization.mail_reply_address,
        replies_by_mail=organization.replies_by_mail,
        signature_fr=organization.mail_signature_fr,
        signature_en=organization.mail_signature_en,
    )
