"""Clients, the people who speak for them, addresses, and what other systems know of them (business objects)."""
