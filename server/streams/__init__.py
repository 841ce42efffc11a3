"""The parts of the stream: who may open one, what is said on it, its events, how they are handed
out, how one catches up. `server.hub` knows who listens; `server.stream` is one stream's life."""
