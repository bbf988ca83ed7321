"""How fast the engine is, measured against psql in the same run: ``python -m tests.benchmarks``.

Ours and the floor take turns, each time on a fresh database, and the medians are compared. The
server is the embedded one with ``fast=True``: a disk that never has to be waited for hides
nothing, while on a durable one psql alone pays for every commit (shown as a row of its own).

The clock runs from connected to committed on both sides: on psql's between two times of the server
that its session asks for, before the first statement and after the last; on ours, in a fresh
process, from when the run takes its second connection. By then it has read and cut its files,
which psql does while it runs: a second row counts that in, together with loading the code for it.
"""
