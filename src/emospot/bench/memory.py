"""How much memory this process has, had at most, and may have."""

import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def memory_now() -> int:
    """Bytes of memory that this process holds; where that is not told, its most so far."""
    return _told("VmRSS") or peak_memory()


def peak_memory() -> int:
    """Bytes of memory that this process held at most."""
    # Not getrusage on Linux: there it starts with what the parent held.
    return _told("VmHWM") or _from_usage()


def limit_memory(more: int) -> None:
    """Let this process take so many bytes more and no further: allocations then fail.

    Nothing happens where what it has taken is not told.
    """
    taken = _told("VmSize")
    if taken is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (taken + more, taken + more))


def _told(name: str) -> int | None:
    if not _STATUS.is_file():
        return None
    for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return None


def _from_usage() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
