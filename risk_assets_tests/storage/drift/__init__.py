"""Tests of storage.drift."""
