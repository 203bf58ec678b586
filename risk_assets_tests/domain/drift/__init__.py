"""Tests of domain.drift."""
