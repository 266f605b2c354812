"""The client file: the panes of `clients`, the timeline, the follow-ups and the composer, in one answer."""

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.ties import standing_of
from entregent.clients.web.panes import file_context, open_file, reaches
from entregent.interactions.timeline import client_follow_ups
from entregent.interactions.web.composer import Composer, ContractChoice
from entregent.interactions.web.views import timeline_context
from entregent.relationships.models import WARNED_AHEAD, today_of
from entregent.ui.jinja import day_short, money
from entregent.ui.pages import render, render_block


@requires(Right.CLIENT_VIEW)
def client_file(request, number):
    """Unknown, deleted, of another organization or out of reach: the same « Introuvable. »."""
    member = request.member
    client = open_file(request, number)
    if client.number != number:
        # The number of a client that is part of this one: its address leads here.
        return HttpResponseRedirect(reverse("workspace:client", args=[member.organization.slug, client.number]))
    context = file_context(request, client)
    if member.can(Right.INTERACTION_VIEW):
        context |= timeline_context(request, client)
        context["follow_ups"] = client_follow_ups(member, client, size=5)
    context["composer"] = _composer(member, client, context)
    context["facts"] = [*_facts(client, context), *_relationship(client, member)]
    if request.headers.get("HX-Target") == "client-facts":
        return render_block(request, "workspace/client.html", "facts", context)
    return render(request, "workspace/client.html", context)


def _composer(member, client, context) -> Composer | None:
    if not reaches(member, Right.INTERACTION_LOG, client):
        return None
    contracts = [
        ContractChoice(row.id, row.key)
        for row in context["contracts"].rows
        if row.state is None or row.state.tone == "ok"
    ]
    composer = Composer.fresh(member, client, contracts=contracts)
    composer.people = [(tie.person_id, tie.person.full_name) for tie in context["people"][:6]]
    if context["chosen_contract"]:
        # The contract that is current on the file is what the contact is about.
        chosen = [contract.pk for contract in contracts if contract.key == context["chosen_contract"]]
        composer.values["contract"] = chosen[0] if chosen else composer.values["contract"]
    return composer


def _facts(client, context) -> list[dict]:
    """The line under the header: what stands out of the panes, without a query."""
    facts: list[dict] = []
    if context["unpaid"]:
        amount = money(context["unpaid"], context["unpaid_currency"])
        facts.append({"label": _("Solde"), "value": amount, "tone": "bad"})
    facts.append({"label": _("Contrats"), "value": context["contracts"].total})
    if "page" in context:
        following = context["follow_ups"][0] if context["follow_ups"] else None
        facts.append(
            {
                "label": _("Prochain suivi"),
                "value": day_short(following.on) if following else "—",
                "tone": "bad" if following and following.days_late > 0 else None,
            }
        )
        if not context["activity"] and context["page"].events:
            last = context["page"].events[0]
            value = f"{day_short(last.occurred_at)}, {last.channel_label.lower()}"
            facts.append({"label": _("Dernier contact"), "value": value})
    name = client.responsible.name if client.responsible else "—"
    return [*facts, {"label": _("Agent responsable"), "value": name}]


def _relationship(client, member) -> list[dict]:
    """What the client lets the firm do, where it was ever asked: a fact of its own in the line under the header."""
    standing = standing_of(client, member)
    if standing is None:
        return []
    today = today_of(member.organization)
    days = standing.days_left(today)
    value, tone = str(standing.state_on(today).label), None if standing.is_active_on(today) else "bad"
    if days is not None:
        value = _("jusqu'au %(day)s") % {"day": day_short(standing.ends_on)}
        tone = "bad" if days <= WARNED_AHEAD[0] else None
    return [{"label": _("Relation d'affaires"), "value": value, "tone": tone}]
