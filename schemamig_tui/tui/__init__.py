"""The full-screen UI, on Textual: shows the engine's events, and never parses outside text."""
