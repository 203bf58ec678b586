"""Profiles and new rows, counted in the engine."""
