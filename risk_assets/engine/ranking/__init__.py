"""Clients ranked in the engine."""
