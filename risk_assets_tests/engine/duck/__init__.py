"""Tests of engine.duck."""
