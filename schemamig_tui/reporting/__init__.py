"""Reports runs to the outside, for the UI and the commands: as JSON, a log file, alerts, pages."""
