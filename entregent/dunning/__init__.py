"""Dunning: unpaid invoices become dossiers with a plan of action, and stop being so when they are paid."""
