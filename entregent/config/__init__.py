"""Settings, root URLs, WSGI, command line, embedded database and the demo story: the top of the stack."""
