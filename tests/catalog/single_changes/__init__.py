"""Single changes of a schema: what pg_dump shows of each has to be in our diff, and nothing else.

Every case works in a schema of its own, which is the search_path, and whose name stands where an
``@`` is. What belongs to no schema has an ``@`` in its name. For all there is a tablespace
``elsewhere``.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A change, what is there before it, and a part of a line that our diff has to have.

    ``shown`` is empty where nothing has changed. ``unlike`` is the reason why our diff has
    something that pg_dump does not show, or the other way around. ``also`` are words by which a
    change that has no ``@`` in its name is known to be this one's. ``since`` is the first major
    version of the server that can do it, ``icu`` is for a server that was built with ICU.
    """

    given: str
    change: str
    shown: str
    unlike: str = ""
    also: tuple[str, ...] = ()
    since: int = 14
    icu: bool = False

    def __str__(self) -> str:
        return " ".join(self.change.split())[:70]
