"""Where the pages of this area are."""

from django.urls import reverse


def at(name: str, member, **kwargs) -> str:
    return reverse(f"documents:{name}", kwargs={"organization": member.organization.slug, **kwargs})
