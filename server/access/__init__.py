"""Who asks, whether it is really them, and how often they may: addresses, passwords, tokens,
sessions, limits. What they may look at is in `server.reading.seeing`."""
