"""The second connection of a run: it holds the run lock, observes the server, and cancels."""
