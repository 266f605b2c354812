"""Interactions: every actual exchange with a client or a person, its entries, and what is to be followed up."""
