"""Webhooks: what happens to the records of an organization, told to addresses that its administrators chose.

Triggers write an event for every change that somebody listens to, whatever path it took, in the transaction of the
change (`webhooks.sql`); `turning` makes a signed message of each, which leaves through the outbox.
"""
