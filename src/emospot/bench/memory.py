"""How much memory this process has, had at most, and may have."""

from pathlib import Path

from emospot.errors import UsageError

_STATUS = Path("/proc/self/status")


def memory_now() -> int:
    """Bytes of memory that this process holds.

    Raises:
        UsageError: where the system does not tell.
    """
    return _needed("VmRSS")


def peak_memory() -> int:
    """Bytes of memory that this process held at most.

    Raises:
        UsageError: where the system does not tell.
    """
    # Not getrusage: there it starts with what the parent held.
    return _needed("VmHWM")


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


def _needed(name: str) -> int:
    found = _told(name)
    if found is None:
        raise UsageError("memory is measured on Linux alone: this system does not tell it")
    return found
