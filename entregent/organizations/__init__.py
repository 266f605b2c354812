"""Organizations, their members, roles, sectors and grants: who works where, and what each may reach."""
