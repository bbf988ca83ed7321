"""What libpq takes for the parameters of a connection: a service file's, and its variables.

psycopg resolves hosts itself, and knows of PGHOST and PGHOSTADDR, but not of the service file that
goes before them (``conninfo_attempts`` in psycopg 3.3): it would connect to the host of the
variable, and call it by the name in the service file. So libpq is asked first.
"""

from collections.abc import Collection, Mapping

from psycopg import pq
from psycopg.conninfo import make_conninfo

# An sslmode that there is none of ends it after everything has been read and before a server is
# looked for; with a password none is looked for in a password file.
_READ_ONLY = {"sslmode": "?", "password": "?"}


def read_by_libpq(parameters: Mapping[str, str], wanted: Collection[str]) -> dict[str, str]:
    """The values that libpq has for ``wanted``.

    They are from ``parameters``, a service, variables or its defaults. Where the service that is
    named does not exist it has none, and says so when it is to connect. Raises UnicodeError.
    """
    pgconn = pq.PGconn.connect_start(make_conninfo(**{**parameters, **_READ_ONLY}).encode())
    values = {option.keyword.decode(): option.val for option in pgconn.info}
    pgconn.finish()
    return {name: value.decode() for name in wanted if (value := values.get(name))}
