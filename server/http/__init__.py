"""A request's way to its handler: how routes are declared, what is done before and after each of
them, what a handler is given and what it may answer, with Quart and, for hot routes, without it.

`server.app` puts it together; `server.routes` is where the ways lead. Knows no route by name."""
