"""The engine without a UI: events -> text for people, JSON lines for programs."""
