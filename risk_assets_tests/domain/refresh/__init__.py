"""Tests of domain.refresh."""
