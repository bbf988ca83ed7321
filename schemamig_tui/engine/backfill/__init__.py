"""Statements that run in batches: the key and its walk, the size of a batch, what it gives way to.

It stands below the run, which puts the batches between the other statements of a file, and above
the watch, which it asks who waits behind a batch. It knows nothing of files that are pending, of
retries of a whole file or of recovery.
"""
