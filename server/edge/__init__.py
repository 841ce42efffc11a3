"""The edge: our own listener on Trio, from sockets to an ASGI 3 application. `run.py` opens it; it
knows nothing of the application, its routes or its settings.

A connection is one task, which calls the application itself: a plain request costs a wait for the
socket and starts nothing. Bytes are parsed without I/O (`requests`, `heads`, `bodies`, `frames`);
what a client may take, in bytes and seconds, is in `limits`, and one coarse timer watches over all
of it (`deadlines`).

What an application finds in `scope["extensions"]`, beyond what ASGI says:

`http.response.pathsend`: a file as the rest of an answer, by its path. If it can't be opened,
`send` raises that `OSError` and nothing of the answer has left.

`http.response.zerocopysend`: a part of a file that the application has opened, and closes once
`send` returns; the last part of an answer, or one whose `content-length` was told.

`websocket.http.response`: a handshake may be answered as a request.

`triptych.socket` (in `websocket` scopes): a `DirectSocket` for whoever writes to thousands of
sockets from one place:

- `try_send(frame: bytes) -> bool`: hand a prepared frame (`text_frame(payload)`, made once for all
  receivers) to the kernel, now. True: it is on its way, in order with everything sent before, also
  if the kernel has taken only a part. False: nothing of it was taken, since an earlier frame still
  waits, `websocket.accept` was not sent yet, or the socket is closing or gone (`is_open` tells). It
  never waits and never raises.
- `await wait_sendable()`: until `try_send` is worth another try. Raises `OSError` when the client
  is gone or has read nothing for 30 s. One task at a time may wait.

`triptych.crowd` (in `websocket` scopes, where the system has epoll): `hand_over(taker) -> Member`,
after `websocket.accept`: the application returns, and its `Taker` (`crowd`) is called from then on
when the client says something, when there is room again, and at the end. `receive` and `send` are
over with it. An idle WebSocket costs a tenth so, for it has no task.

`triptych.patience`, a number in `websocket.close`: seconds that a client may take to read that far,
if they are more than the 2 s that every client has.

ASGI's own `send` may be used beside it, in any order: frames never mix. The edge answers pings,
pings every 25 s, and gives up on who has been silent for 60 s, all while the application waits in
`receive` (`websocket.disconnect`, 1006).
"""
