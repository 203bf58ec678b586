"""Tests of engine.ranking."""
