"""Help for tests: a throw-away PostgreSQL, the cast of people, an HTMX client."""
