"""Where gunicorn's processes write their counts: prometheus-client needs a folder for them.

The files are mapped into memory, and a write to such a file on a full disk kills the process. So
they lie in memory (/dev/shm) where the system has it, and never beside the database.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

PREFIX = "vram-metrics-"
IN_MEMORY = Path("/dev/shm")


def make_metrics_folder() -> Path:
    """Make a private folder for this process and those that it forks.

    Folders of servers that were killed are removed, as is one that this process made before it
    was told to reload.
    """
    parent = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    for folder in parent.glob(f"{PREFIX}*"):
        owner = re.match(rf"{PREFIX}(\d+)-", folder.name)
        if owner and folder.stat().st_uid == os.getuid() and not _is_another(int(owner[1])):
            shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))


def empty_metrics_folder(folder: Path) -> None:
    """Remove what servers before left in a folder that stays; counts begin at nothing."""
    for file in folder.glob("*.db"):
        if not file.stem.endswith(f"_{os.getpid()}"):
            file.unlink(missing_ok=True)


def _is_another(pid: int) -> bool:
    """Whether another process than this one lives by that number."""
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
