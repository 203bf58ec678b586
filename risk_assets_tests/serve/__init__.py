"""Tests of risk_assets.serve."""
