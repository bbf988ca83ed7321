"""Steps to the server, results back; cancelling; a session as good as new."""
