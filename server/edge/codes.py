"""The codes that a WebSocket ends with (RFC 6455, 7.4.1), as far as we use them. An application has
its own from 4000 on."""

CODE_DONE = 1000
CODE_GOING_AWAY = 1001
"""The server stops."""

CODE_LOST = 1006
"""What an end without a close frame is told as; never sent."""

CODE_TOO_BIG = 1009
CODE_FAILED = 1011
FAILED = "something went wrong on our side"
"""The reason that goes with it."""
