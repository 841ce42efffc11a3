"""Every bound of the actors' runtime, with its unit and why it is that number.
docs/architecture.md lists them."""

SHARDS = 64
"""Shards of the directory: so many that one of them being slow to load holds up few."""

SHARD_COMMANDS_MAX = 1_024
"""Commands a shard's channel holds; a full one is answered 503. A shard empties it in one step, so
that many arrive only while the loop is held up."""

WAITING_COMMANDS_MAX = 16_384
"""Commands that wait in all mailboxes together: some three seconds of work at 6,000 commands/s,
and 10 MB."""

TURN_COMMANDS_MAX = 256
"""Commands that one actor decides in one turn: a busy one must leave room in the round for
others."""

ROUND_COMMANDS_MAX = 1_024
"""Commands of one round: bounds a group's size, and what one commit can hold up."""

ROUND_S = 0.005
"""Seconds of deciding before a round is committed: the loop's longest step aimed at."""

DELIVERY_STEP_S = 0.001
"""Seconds of delivering, after the fact in hand, before other tasks get a chance to run. One fact
may push to a slice of inboxes, so they are not counted but timed."""

LOADERS_MAX = 2
"""Reads under way that load actors: one reader is left for everything else."""

LOADS_A_READ = 64
"""Actors loaded by one read. A read costs a thread's turn, whatever it brings."""

LOAD_STEP_S = 0.002
"""Seconds of folding a history before other tasks get a chance to run."""

CELLS_MAX = 50_000
"""Cells in memory. Beyond it those used longest ago leave: some 100 MB with sets of ordinary
size."""

CELL_IDLE_S = 600.0
"""Seconds without a command after which a cell leaves memory."""

PASSIVATION_PERIOD_S = 10.0
"""Seconds between two looks at who is idle."""

PASSIVATION_STEP_CELLS = 256
"""Cells that leave, or are looked at, in one step: about 2 ms, most of it for their snapshots."""

SNAPSHOTS_WAITING_MAX = 4_096
"""Snapshots that wait for the next group, taken at passivation. Beyond it none is taken: what it
would spare is folding."""

BUGS_MAX = 3
BUGS_WITHIN_S = 30.0
"""So many decisions of one actor that raise within so many seconds quarantine it."""

QUARANTINE_RETRY_AFTER_S = 60
"""Seconds that somebody refused by a quarantine is asked to wait: the operator must act first."""

SNAPSHOTS_A_GROUP = 256
"""Snapshots written in one commit at the stop."""

FINISH_COMMANDS_S = 0.5
"""Seconds that the last commands get at the stop, after the requests have had theirs: an actor may
be loading from the whole journal."""

FINISH_SNAPSHOTS_S = 1.0
"""Seconds of writing snapshots at the stop, which may take five in all. What has none is folded
from the journal."""

RETRY_AFTER_S = 1
"""Seconds that somebody refused by a full queue is asked to wait."""

INBOX_POSTS_MAX = 500
"""Posts an inbox holds: ten of the largest pages. Ten bytes a post."""

INBOXES_MAX = 10_000
"""Inboxes kept at once; the one unread longest goes first. Some 60 MB if all are full."""

PUSH_SLICE = 1_000
"""Inboxes that get a post in one step: some 2 ms. The rest of a longer push is handed out between
other tasks."""

HANDOUTS_MAX = 64
"""Long pushes under way at once. Beyond it, who did not get the post in the first slice pulls."""

UNPUSHED_AUTHORS_MAX = 65_536
"""Authors remembered to be pulled from. Beyond it all is forgotten and every inbox is filled
anew."""

ACTIVE_S = 24 * 3_600.0
"""Seconds since its last reading for which an inbox counts as active (policy `threshold`)."""

FEED_TRIES = 4
"""Tries to put an inbox and a pull together while both change; after that all is pulled."""

ENDED_SESSIONS_MAX = 65_536
"""Sessions remembered as ended, for requests that were checked before and are decided after: far
more than end while one request is under way."""

CLEARED_AT_ONCE = 100
"""Commands of each kind under way that clear a deleted account's remains: enough to share commits,
few beside everybody else's."""

CLEARING_PAUSE_S = 1.0
"""Seconds to wait after a queue was full, or an actor closed, before clearing goes on."""

EXPIRED_AT_ONCE = 100
"""Authors whose expired stories are looked for at once."""

EXPIRY_PERIOD_S = 60.0
"""Seconds between two looks for expired stories if none is due sooner: a clock may be set ahead."""
