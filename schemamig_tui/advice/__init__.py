"""Opinions on migrations, from reading only: what to know before they run.

Nothing here stops a run. ``preflight`` is what looks at the database; ``targets`` finds what the
files touch.
"""
