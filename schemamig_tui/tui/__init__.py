"""The full-screen UI, on Textual: shows what the engine says, and never parses outside text."""
