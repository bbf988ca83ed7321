"""The commands without a UI: events become text for people or JSON lines for programs."""
