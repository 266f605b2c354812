"""Business accounts of clients with their own users, and the relationships by which a client lets a provider act.

The requester asks, the owner grants (R002-29): a provider asks for access, whoever manages the client's account gives
it, at a level, for programs, with what may be seen, until when; and takes it back at any time.
"""
