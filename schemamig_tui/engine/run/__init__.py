"""From the plan through the run to its outcome."""
