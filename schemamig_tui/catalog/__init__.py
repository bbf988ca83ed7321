"""Reads the schema of a database, and describes the difference between two schemas.

``snapshot.snapshot`` reads one, ``diff.diff`` compares two, ``render.render`` writes the changes.
``following.SchemaFollower`` does the first two behind each file of a rehearsal. ``kinds.KINDS``
says what there is, and ``queries`` how each kind is read.
"""
