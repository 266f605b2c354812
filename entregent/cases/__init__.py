"""Dossiers: what gathers contacts, letters, agents, people and objects around one matter of a client, until closed.

A case is opened by hand, from a contact or by the product itself. Plans of action, letters and lists stand above and
add to it by the extension points of this area.
"""
