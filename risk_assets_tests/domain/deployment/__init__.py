"""Tests of domain.deployment."""
