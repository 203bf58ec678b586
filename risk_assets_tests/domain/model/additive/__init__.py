"""Tests of the penalised additive model."""
