"""File transfers: files sent to a person at a client or asked of them, on the portal, signed where that is wanted."""
