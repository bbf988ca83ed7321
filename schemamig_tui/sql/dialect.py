"""How a certain server reads SQL, where servers and sessions differ."""

from typing import NamedTuple


class Dialect(NamedTuple):
    """How a file has to be read for a server.

    ``standard_strings`` is the standard_conforming_strings that its sessions start with, by which
    strings end. ``has_open_enums``: the transaction that makes an enum can use the values that it
    adds to it (from PostgreSQL 17 on); values added to older enums have to be committed first.
    ``counts_bytes``: the place of an error is counted in bytes, as the database is in SQL_ASCII.
    """

    standard_strings: bool = True
    has_open_enums: bool = True
    counts_bytes: bool = False
