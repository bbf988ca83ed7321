"""Advice on the pending migrations, from reading them and the database; it never stops a run.

``advise`` asks the database and returns the advice. On the way there, ``targets`` finds what the
files touch, ``reading`` the part of the ``catalog`` that this is about, ``effects`` what each
statement locks, reads and writes anew, and ``claims`` what has to be true of the rows, which
``verdicts`` asks. ``progress`` keeps in mind what the statements in front have changed.
"""
