"""The manual page, made from the parser of the command line."""

from pathlib import Path

from argparse_manpage.manpage import Manpage

import schemamig_tui
from schemamig_tui.arguments import make_parser

MANUAL_FILE = Path(schemamig_tui.__file__).parent / "schemamig-tui.1"


def manual_text() -> str:
    """The page, as it stands in the file: without a date, and with its last part as it is typed."""
    name = r"schemamig\-tui"
    text = str(Manpage(make_parser()))
    _, body = text.split("\n", 1)
    body = body.replace(f"{name}\n", f"{name} \\- plain .sql migrations for PostgreSQL\n", 1)
    body = body.replace(".SH COMMENTS\n", ".SH NOTES\n.nf\n", 1)
    return f".TH SCHEMAMIG\\-TUI 1\n{body.rstrip()}\n.fi\n"
