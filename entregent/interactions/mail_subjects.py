"""The interactions that mails are about (`outbox.subject_finders`)."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.interactions.models import Interaction
from entregent.outbox.extension_points import Subject


def subjects(member, subject_type: str, ids: list[int]) -> dict[int, Subject]:
    if subject_type != Interaction._meta.label_lower:
        return {}
    slug = member.organization.slug
    return {
        pk: Subject(
            _("Interaction n° %(number)s") % {"number": number},
            reverse("interactions:detail", kwargs={"organization": slug, "number": number}),
        )
        for pk, number in Interaction.objects.visible_to(member).filter(pk__in=ids).values_list("pk", "number")
    }
