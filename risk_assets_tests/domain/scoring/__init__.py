"""Tests of domain.scoring."""
