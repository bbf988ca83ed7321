"""Runs statements in batches: the walk along a key, the size of a batch, whom it gives way to.

This package stands below the run, which puts the batches between the other statements of a file,
and above the watch, which it asks who waits behind a batch. It knows nothing of pending files, of
retries of a whole file or of recovery.
"""
