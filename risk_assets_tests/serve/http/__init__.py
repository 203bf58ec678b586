"""Tests of serve.http."""
