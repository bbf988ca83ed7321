"""Makes the plan of a run, runs it, and recovers what can be recovered after a failure."""
