"""The only access-control code: rights, the guard of every view, the scope of every query, the second wall.

Rights are one list (`Right`); a view names the right that it needs (`@requires`); a queryset of scoped records says
`visible_to(member)`; row-level security in PostgreSQL stands behind both (`in_organization`).
"""
