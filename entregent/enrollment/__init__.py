"""Loan applications, « Effectif GRC » and head office: clients of a mortgage broker's applications are enrolled in the
CRM, kept up to date there, and taken out of it (R000-*)."""
