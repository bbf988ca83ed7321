"""schemamig-tui: plain ``.sql`` migrations for PostgreSQL, in a terminal UI and headless."""

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """Read the version when it is asked for, so that importing the package costs nothing."""
    if name == "__version__":
        from schemamig_tui._version import __version__

        return __version__
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
