"""Deployed versions on disk, and the decisions about them."""
