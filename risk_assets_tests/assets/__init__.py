"""Tests of risk_assets.assets."""
