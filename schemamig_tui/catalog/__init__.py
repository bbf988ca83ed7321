"""What the schema of a database looks like, and what changes in it.

``snapshot.snapshot`` reads it, ``diff.diff`` compares two of them, ``render.render`` tells it.
"""
