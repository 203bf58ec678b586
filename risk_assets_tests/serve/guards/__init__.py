"""Tests of serve.guards."""
