"""The settings: flags > environment > file > defaults.

Every setting has one name in three spellings: the flag ``--lock-timeout``, the variable
``SCHEMAMIG_LOCK_TIMEOUT``, and the key ``lock-timeout`` of the file, which is ``schemamig.toml`` or
the table ``[tool.schemamig-tui]`` of a pyproject.toml, looked for from the current folder up to the
root of the repository. An empty variable counts as not set. Paths in the file are relative to it,
all others to the current folder.

``model`` has the settings as a value, ``loading`` puts them together, the others read the sources.
"""

from schemamig_tui.settings.loading import load
from schemamig_tui.settings.model import Settings
from schemamig_tui.settings.values import default_embedded_directory

__all__ = ["Settings", "default_embedded_directory", "load"]
