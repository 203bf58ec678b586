"""Tests of domain.model."""
