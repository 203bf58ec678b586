"""Tests of storage.deployment."""
