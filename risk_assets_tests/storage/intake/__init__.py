"""Tests of storage.intake."""
