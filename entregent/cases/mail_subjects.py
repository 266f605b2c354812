"""The cases that mails and messages are about (`outbox.subject_finders`)."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.cases.models import Case
from entregent.cases.search import sees_cases
from entregent.outbox.extension_points import Subject


def subjects(member, subject_type: str, ids: list[int]) -> dict[int, Subject]:
    if subject_type != Case._meta.label_lower or not sees_cases(member):
        return {}
    slug = member.organization.slug
    return {
        pk: Subject(
            _("Dossier n° %(number)s") % {"number": number},
            reverse("cases:detail", kwargs={"organization": slug, "number": number}),
        )
        for pk, number in Case.objects.visible_to(member).filter(pk__in=ids).values_list("pk", "number")
    }
