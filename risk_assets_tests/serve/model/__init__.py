"""Tests of serve.model."""
