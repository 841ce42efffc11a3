"""Power cuts, replayed: a server runs under strace, which notes everything that it asks of its disk
(`calls`); a model of the disk keeps what was synced and forgets the rest (`disk`); what would have
been left is opened at each cut and compared with what clients had been told by then (`promises`).
"""
