"""`run.py verify --repair`: rows and snapshots anew from the journal, for an operator whose
`verify` found differences.

What was erased stays erased. No server may run on the folder.
"""

from storage.audit import Progress
from storage.folder import DataFolder
from storage.rebuilding import rebuild

KEPT_SUFFIX = ".before-repair"
"""The old database stays beside the new one under this name, until the operator deletes it."""


def repair_folder(folder: DataFolder, progress: Progress) -> None:
    """Rebuild the database of `folder`. Raises what `rebuild` raises, having changed nothing."""
    rebuild(folder.database, KEPT_SUFFIX, progress)
