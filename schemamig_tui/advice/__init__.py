"""Advice on the pending migrations, from reading them and the database; it never stops a run.

``preflight`` asks the database and returns the advice; ``targets`` finds what the files touch.
"""
