"""Tests of risk_assets.automation."""
