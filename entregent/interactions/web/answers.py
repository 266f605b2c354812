"""How the pages of interactions answer a change: events that panes listen to, the toast with its « Annuler »."""

import json
from collections.abc import Sequence

from django.http import HttpResponse
from django.urls import reverse

# Panes refresh themselves when one of these reaches the body.
INTERACTIONS_CHANGED = "g:interactions-changed"
CONTACT_LOGGED = "g:contact-logged"
FOLLOW_UPS_CHANGED = "g:follow-ups-changed"


def announce(
    response: HttpResponse,
    *events: str,
    toast: str = "",
    undo_url: str | None = None,
    tone: str = "ok",
    links: Sequence[dict[str, str]] = (),
) -> HttpResponse:
    """Tells the page what happened: `events` for the panes, `toast` for the person, with the way back and what can
    come next (`links`)."""
    told: dict = dict.fromkeys(events, True)
    if toast:
        told["g:toast"] = {"text": str(toast), "undo_url": undo_url, "tone": tone, "links": list(links)}
    response.headers["HX-Trigger"] = json.dumps(told)
    return response


def done(
    *events: str, toast: str = "", undo_url: str | None = None, links: Sequence[dict[str, str]] = ()
) -> HttpResponse:
    """Nothing to swap: the panes fetch themselves."""
    return announce(HttpResponse(status=204), *events, toast=toast, undo_url=undo_url, links=links)


def at(name: str, member, **kwargs) -> str:
    return reverse(name, kwargs={"organization": member.organization.slug, **kwargs})


def home_of(interaction, member) -> str:
    """Where an interaction is read in its context: the client's file, or its own page."""
    if interaction.client_id is not None:
        return at("workspace:client", member, number=interaction.client.number)
    return at("interactions:detail", member, number=interaction.number)
