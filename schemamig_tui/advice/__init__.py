"""Advice on the pending migrations, from reading them and the database; it never stops a run.

``advise`` asks the database and returns the advice. ``targets`` finds what the files touch, and
``reading`` reads the entries of the catalog about that. ``effects`` finds what each statement
locks, reads and rewrites, ``claims`` what has to be true of the rows, and ``claim_checks`` asks
whether it is. ``progress`` follows what earlier statements have changed.
"""
