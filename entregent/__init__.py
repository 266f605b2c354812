"""Entregent: a customer-relationship-management system. See docs/architecture.md for the stack of areas."""

__version__ = "0.1.0"
