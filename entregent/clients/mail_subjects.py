"""The clients that mails name (`outbox.subject_finders`)."""

from django.urls import reverse

from entregent.clients.models import Client
from entregent.outbox.extension_points import Subject


def subjects(member, subject_type: str, ids: list[int]) -> dict[int, Subject]:
    if subject_type != Client._meta.label_lower:
        return {}
    rows = Client.objects.visible_to(member).filter(pk__in=ids).values_list("pk", "number", "display_name")
    slug = member.organization.slug
    return {
        pk: Subject(name, reverse("workspace:client", kwargs={"organization": slug, "number": number}))
        for pk, number, name in rows
    }
