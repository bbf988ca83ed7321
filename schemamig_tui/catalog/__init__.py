"""Reads the schema of a database, and describes the difference between two schemas.

``snapshot.snapshot`` reads one, ``diff.diff`` compares two, ``render.render`` writes the changes.
"""
