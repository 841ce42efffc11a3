"""What a client may take of the edge, in bytes and seconds. Constants, and those of them that tests
and settings may choose; nothing here does anything."""

import msgspec

KIB = 1_024

REQUEST_LINE_BYTES_MAX = 8 * KIB
"""Method, target and version; browsers and proxies agree on about as much."""

HEADERS_MAX = 100
"""Header lines of a request: five times what a browser sends."""

HEADER_BYTES_MAX = 16 * KIB
"""All header lines together, with the empty one that ends them. Ours hold a token of 512
characters at most."""

CHUNK_LINE_BYTES_MAX = 256
"""The line before a chunk: its size, and extensions, which nobody uses."""

RECEIVED_BYTES = 64 * KIB
"""Taken from a socket at once. It is also what can be pipelined: the rest stays in the kernel until
it is its turn."""

MESSAGE_BYTES_MAX = 65_536
"""A message of a WebSocket, its fragments together."""

FED_AT_ONCE_BYTES = 4 * KIB
"""Of what a WebSocket has sent, taken apart in one step: 700 frames at most, some 10 ms. In all
that is received at once there may be 11,000."""

CHUNKS_AT_ONCE = 4_096
"""Chunks of a body taken apart in one step, for the same reason: 8 ms."""

HELD_BYTES = 16 * KIB
"""Of a WebSocket's frames, that its kernel may hold beyond what is on its way. It would hold
megabytes for a client that does not read, thousands of events, and so long nobody would notice."""

TLS_ANSWER_BYTES_MAX = 16 * KIB
"""What TLS may answer by itself on one connection, past the handshake: six hundred demands for new
keys. Whoever wants some after each gigabyte never comes that far; the answers to somebody who reads
none would pile up here."""

SENT_AT_ONCE_BYTES = 64 * KIB
"""A file of up to this size is read when it is opened and leaves in one write with the head of its
answer: most pictures are."""

FILE_PIECE_BYTES = 256 * KIB
"""Of a larger file, sent by one call of `sendfile`, or read at once where the kernel is not handed
the file itself: what a socket's buffer takes."""

HEAD_S = 10.0
"""For a request's line and headers, from their first byte; of a new connection, from its
beginning."""

BODY_GRACE_S = 15.0
"""For a body, however small, while it is waited for."""

BODY_BYTES_A_SECOND_MIN = 16 * KIB
"""And this is how fast it must be beyond that: an upload of 81 MiB may take an hour and a half."""

KEEP_ALIVE_S = 60.0
"""Between an answer and the next request."""

WRITE_S = 30.0
"""Without any progress of what is written to a client."""

LINGER_S = 2.0
"""Reading and dropping after an early answer or a close frame, so that they arrive: a socket that
is closed with unread bytes in it resets, and the client's kernel drops what it had not read."""

PING_S = 25.0
"""Of silence, after which a WebSocket is pinged."""

GONE_S = 60.0
"""Of silence, after which it is taken for gone."""

TICK_S = 0.5
"""Between two looks at all connections: a deadline may be late by so much."""

RETRY_AFTER_S = 1
"""What a client is told that came in while there were too many, or too much to do."""

BEHIND_S = 0.25
"""Of work in one turn of the loop. Whoever's request comes up later in that turn is told to try
again: it has waited for so long already, and the next turn would only be longer. Time in which
other processes had the processor does not count."""

DESCRIPTORS_SPARED = 128
"""Of the files that the process may open: for the database, uploads, pictures and logs."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What differs from one listener to another; seconds, but for the counts."""

    connections_max: int = 1_024
    """Beyond it a connection is accepted, answered with 503, and closed."""
    head_s: float = HEAD_S
    body_grace_s: float = BODY_GRACE_S
    keep_alive_s: float = KEEP_ALIVE_S
    write_s: float = WRITE_S
    linger_s: float = LINGER_S
    ping_s: float = PING_S
    gone_s: float = GONE_S
