"""Rows on their way in: what became of each file."""
