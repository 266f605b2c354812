"""Everything that leaves: mails wait here as rows of the transaction that wrote them, and are sent by the worker."""
