"""What is known of a run outside of it: its events as JSON, a log file, alerts; for both faces."""
