"""Literals that look like passwords, tokens or keys.

The beginnings of tokens are those that their makers document, so that scanners can tell them.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple


class SecretLiteral(NamedTuple):
    """``offset`` is where it stands in its statement; ``what`` says what it looks like."""

    offset: int
    what: str


_KINDS = {
    "a password": rb"\b(?i:password)\s+'(?!(?:md5[0-9a-f]{32}|SCRAM-SHA-256\$[^']+)?')",
    "a password in a connection string": rb"\b(?i:[a-z])[a-z0-9+.\-]*://[^\s:/@']*+:[^\s@/']++@"
    rb"|\b(?i:password)\s*=\s*(?!\$|'')[^\s';]{4}",
    "a private key": rb"-----BEGIN [A-Z ]*+PRIVATE KEY-----",
    "an access key of AWS": rb"\bAKIA[0-9A-Z]{16}\b",
    "a token of GitHub": rb"\b(?:gh[pousr]_[A-Za-z0-9]{30}|github_pat_\w{30})",
    "a token of GitLab": rb"\bglpat-[\w\-]{20}",
    "a token of Slack": rb"\bxox[abpr]-[\w\-]{10}",
    "a key of Stripe": rb"\b[sr]k_live_\w{16}",
    "a key of Google": rb"\bAIza[\w\-]{35}",
    "a JSON web token": rb"\beyJ[\w\-]{10,}+\.eyJ[\w\-]{10,}+\.[\w\-]{10}",
}
# One of these is in each, in lower case: most statements have none, and are done with quickly.
_HINT = re.compile(
    b"password|://|private key|akia|github_pat_|glpat-|xox|k_live_|gh[oprsu]_|aiza|eyj"
)
_SECRET = re.compile(b"|".join(b"(?P<k%d>%s)" % pair for pair in enumerate(_KINDS.values())))


def secret_literals(sql: bytes) -> Sequence[SecretLiteral]:
    """What in a statement, its comments and the code that it carries looks like a secret."""
    if not _HINT.search(sql.lower()):
        return ()
    return [
        SecretLiteral(match.start(), list(_KINDS)[int(match.lastgroup[1:])])
        for match in _SECRET.finditer(sql)
        if match.lastgroup
    ]
