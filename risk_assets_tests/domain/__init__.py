"""Tests of risk_assets.domain."""
