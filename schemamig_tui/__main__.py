"""``python -m schemamig_tui``."""

from schemamig_tui.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
