"""What the pages of the portal may read in the database: these tables, and no other.

They are drawn under the role `entregent_portal` (access/wall.py), which `migrate` gives SELECT on what stands here, and
nothing to write. A page that asks for anything else (a conversation as the staff see it, a dossier, the journal) is
refused by the database. What somebody at the client does is an action of the application, under `acting()`.

What of a record is for clients is published into a table or a view of its own (docs/adr/0016, 0020, 0022), and that
stands here: never one that holds both what is for clients and what is the staff's among themselves.
"""

READABLE = frozenset(
    {
        # What was published.
        "interactions_publishedentry",
        "interactions_publishedfile",
        "interactions_topic",
        "cases_publishedcase",
        "cases_publishedcontact",
        "processes_publishedpause",
        "processes_publishedstep",
        # Who is here, for whom, and how far they have read.
        "interactions_portalaccess",
        "interactions_portalsettings",
        "portal_portalthread",
        "clients_client",
        "clients_clientperson",
        "clients_person",
        # The organization, and who of it sends files.
        "organizations_organization",
        "organizations_user",
        # Business accounts: whoever works on them sees their own; what providers have of them stands behind walls.
        "relationships_accessrequest",
        "relationships_accountevent",
        "relationships_accountinvitation",
        "relationships_accountuser",
        "relationships_accountuser_programs",
        "relationships_businessaccount",
        "relationships_joinrequest",
        "relationships_programaccount",
        "relationships_relationship",
        "relationships_relationshipprogram",
        "relationships_relationshipuse",
        # Files: those of what was published, those of transfers, those that somebody is sending.
        "documents_filesettings",
        "documents_storedfile",
        "documents_upload",
        "transfers_filetransfer",
        "transfers_signature",
        "transfers_transferfile",
    }
)
