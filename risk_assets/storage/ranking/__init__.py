"""The ranked clients on disk."""
