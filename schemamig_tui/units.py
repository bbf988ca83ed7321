"""Writes durations, sizes and counts for people."""


def lasting(seconds: float) -> str:
    """A time that goes on: ``0.4 s``, ``12 s``, ``3 min``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"


def limit(seconds: float) -> str:
    """A limit that somebody has set: ``50 ms``, ``2.0 s``, ``3 min``."""
    return lasting(seconds) if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def compact(ms: float) -> str:
    """The seed's form of a duration: ``234ms``; from ten seconds on ``12.3s``, then ``12min``."""
    if ms < 1:
        return "<1ms"
    if ms < 10_000:
        return f"{ms:.0f}ms"
    return f"{ms / 1000:.1f}s" if ms < 600_000 else f"{ms / 60_000:.0f}min"


def duration(ms: float) -> str:
    """``0.4 ms``, ``234 ms``, ``12.3 s``, ``4:05 min`` or ``2:04 h``."""
    if ms < 0.05:
        return "<0.1 ms"
    if ms < 9.95:
        return f"{ms:.1f} ms"
    if ms < 999.5:
        return f"{ms:.0f} ms"
    seconds = ms / 1000
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60}:{int(seconds) % 60:02} min"
    return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02} h"


def recorded(ms: float) -> str:
    """A duration that the ledger has, in whole milliseconds: ``<1 ms``, ``3 ms``, ``12.3 s``."""
    if ms < 1:
        return "<1 ms"
    return f"{ms:.0f} ms" if ms < 9.95 else duration(ms)


def size(count: float) -> str:
    """A number of bytes: ``1 byte``, ``3.4 kB``, ``120.5 MB``, ``84.0 GB``."""
    if count < 1000:
        return plural(round(count), "byte")
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def plural(count: int, what: str, several: str | None = None) -> str:
    """``1 statement``, ``2,000 statements``; ``several`` where it is not just an s more."""
    return f"{count:,} {what if count == 1 else several or what + 's'}"


def first(count: int, what: str) -> str:
    """``first statement``, ``first 2,000 statements``."""
    return f"first {what}" if count == 1 else f"first {count:,} {what}s"
