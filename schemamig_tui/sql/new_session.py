"""Which statements leave something in the session that only a new one is without."""

import re


def needs_new_session(sql: bytes) -> bool:
    """Whether a statement, or code in it, may set what only a new session starts without.

    These are the settings that a session takes over when it begins, of its role and its database,
    and variables of other names than PostgreSQL's, which RESET makes empty but not unknown.
    """
    return _NEEDS_NEW_SESSION.search(sql) is not None


_NEEDS_NEW_SESSION = re.compile(
    rb"""(?ix) \b alter \s+ (?: role | user | database ) \b
    | \b set \s+ (?: local \s+ | session \s+ )? "? [\w$]+ "? \s* \.
    | \b set_config \s* \( \s* E? ' [^'.]* \."""
)
