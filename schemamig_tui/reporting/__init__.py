"""Reports runs to the outside, for both faces: events as JSON, a log file, alerts, pages."""
