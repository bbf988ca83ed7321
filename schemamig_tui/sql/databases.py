"""Statements that work on a whole database."""

from itertools import islice

from schemamig_tui.sql.lexer import tokens


def copies_database(sql: bytes) -> bool:
    """Whether the statement copies a database, to which nobody else may be connected meanwhile.

    That is CREATE DATABASE, from whatever template: from this database even where none is named,
    if it is template1. Renaming or dropping a database, or moving it to another tablespace, is
    refused to those who are connected to it, so it is never the one that a migration runs in.
    """
    return [token[1].lower() for token in islice(tokens(sql), 2)] == [b"create", b"database"]
