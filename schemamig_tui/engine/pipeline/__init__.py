"""Sends steps to the server, takes results back, cancels, and makes a session as good as new."""
