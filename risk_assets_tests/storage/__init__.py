"""Tests of risk_assets.storage."""
