"""The fixed words of a checkpoint: queries have the server write them, ``checkpoint`` reads them.

They have no letter that SQL would have to quote.
"""

from typing import Final

STARTS: Final = "A new session starts with "
"""Begins the lines about the session."""
CHAINED: Final = "The next transaction is "
"""Begins the line with the modes of the transaction that COMMIT AND CHAIN has begun."""
IF_CHANGED: Final = " (in front of its COMMIT)"
"""Behind a statement: in front of its COMMIT the session was like that, and not before."""
DOUBTFUL: Final = "\nThe next one commits by itself, and may be done as well"
"""Behind the first line, with the digest of that statement: there was no answer for it yet."""
UNASKED: Final = "\nWhat the last one left in its session is not known"
"""Behind the first line: the session has to be asked for, and was not yet."""
UNKNOWABLE: Final = "\nNobody can ask for what may be left in its session by statement "
"""Behind the first line, with the number of the first one that may have called such code."""
IN_BATCHES: Final = "In batches: "
"""Begins the line that tells people how far a statement is that runs in batches."""
BATCHES: Final = "Batches of statement "
"""Begins the line that tells a later run the same."""


def for_people(message: str) -> str:
    """The error_message of a row without the lines that are only for a later run."""
    before, done, checkpoint = message.rpartition("\nStatements done: ")
    lines = checkpoint.split("\n") if done else []
    end = next((i for i, line in enumerate(lines) if line.startswith((BATCHES, STARTS))), None)
    return message if end is None else before + done + "\n".join(lines[:end])
