"""How the engine gets a connection: from whoever knows where the database is."""

from collections.abc import Callable
from typing import Any

import psycopg

Connect = Callable[[], psycopg.Connection[Any]]
"""Makes a new connection in autocommit mode. Raises ConnectionFailed."""
