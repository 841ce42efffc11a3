"""The seeded simulator: the real actors, rounds and inboxes on virtual time, over a disk that can
stop at any point."""
