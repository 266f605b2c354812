"""Pages over several areas: home, quick search, the client file."""
