from django.apps import AppConfig
from django.db.models import Q

from entregent.access.scope import client_readers, register_scope, scope_words


class ClientsConfig(AppConfig):
    name = "entregent.clients"

    def ready(self):
        register_scope("sector", _in_sectors)
        register_scope("client", _among_clients)

        from entregent.clients.marks import in_groups

        register_scope("group", in_groups)

        from entregent.clients import ties
        from entregent.clients.actions import seed_object_types
        from entregent.clients.extension_points import client_changed, deletion_blockers
        from entregent.clients.history import ACTION_WORDS, COLUMN_WORDS, TABLE_WORDS, tell_states
        from entregent.clients.navigation import administration
        from entregent.clients.scopes import client_words, clients_of, responsible_for, what_stands_in
        from entregent.organizations.extension_points import (
            action_words,
            administration_entries,
            column_tellers,
            column_words,
            organization_defaults,
            sector_blockers,
            table_words,
        )

        action_words.add(ACTION_WORDS, name="clients")
        table_words.add(TABLE_WORDS, name="clients")
        column_words.add(("clients", COLUMN_WORDS), name="clients")
        column_tellers.add(tell_states)
        administration_entries.add(administration, order=50)
        organization_defaults.add(seed_object_types)
        sector_blockers.add(what_stands_in)
        scope_words["client"] = client_words
        client_changed.add(ties.client_changed, order=80, name="clients.ties.client_changed")
        deletion_blockers.add(ties.active_relationship, order=20, name="clients.ties.active_relationship")
        client_readers.add(clients_of)

        from entregent.clients.extension_points import movers, person_movers
        from entregent.clients.movers import fill, fill_people

        fill(movers)
        fill_people(person_movers)

        from entregent.clients import custom
        from entregent.listing.extension_points import custom_subjects

        custom_subjects.add(custom.CLIENT, order=10, name="clients")
        custom_subjects.add(custom.PERSON, order=20, name="people")

        from entregent.clients.search import BusinessObjectSource, ClientSource, PersonSource
        from entregent.search.extension_points import search_sources

        search_sources.add(ClientSource(), order=10, name="clients")
        search_sources.add(PersonSource(), order=20, name="people")
        search_sources.add(BusinessObjectSource(), order=30, name="contracts")

        from entregent.clients.lists import client_lists
        from entregent.listing.extension_points import list_definitions

        list_definitions.add(client_lists, order=10)

        from entregent.clients.mail_subjects import subjects
        from entregent.clients.news import client_events
        from entregent.notifications.extension_points import events, responsible_finders
        from entregent.outbox.extension_points import subject_finders

        subject_finders.add(subjects)
        events.add(client_events, order=20)
        responsible_finders.add(responsible_for)

        from entregent.clients.relationship_news import relationship_event_kinds, tell_provider
        from entregent.clients.ties import own_clients, relationship_happened, what_is_lost
        from entregent.relationships.extension_points import relationship_events, tied_clients
        from entregent.relationships.extension_points import what_is_lost as losses

        relationship_events.add(relationship_happened, order=10)
        relationship_events.add(tell_provider, order=90)
        tied_clients.add(own_clients, name="clients")
        losses.add(what_is_lost, order=20)
        events.add(relationship_event_kinds, order=25)

        from entregent.clients.web.portlets import portlets as own_portlets
        from entregent.organizations.extension_points import portlets

        portlets.add(own_portlets, order=20)


def _in_sectors(ids: list[int], path: str) -> Q:
    return Q(**{f"{path}sector_reach__overlap": ids})


def _among_clients(ids: list[int], path: str) -> Q:
    return Q(**{f"{path}id__in": ids})
