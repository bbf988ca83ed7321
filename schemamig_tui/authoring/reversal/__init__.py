"""Drafts the migration that takes another one back."""
