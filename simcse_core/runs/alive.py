"""Which process is at work on a run, in a way that survives reused process ids and clocks that jump."""

from pathlib import Path

import psutil


def born(pid: int) -> float | None:
    """When a process was created, in a clock of its own: only good for comparing. None when it is gone.

    Linux counts ticks since the boot. What psutil gives elsewhere and there as a date moves when somebody sets the
    clock, and a living run would count as dead.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        fields = Path(f"/proc/{pid}/stat")
        if fields.is_file():
            return float(fields.read_text().rpartition(")")[2].split()[19])
        return float(process.create_time())
    except (psutil.Error, OSError, IndexError, ValueError):
        return None


def is_alive(pid: int | None, birth: float | None) -> bool:
    """Whether this very process is still there."""
    return pid is not None and birth is not None and born(pid) == birth
