"""Tests of risk_assets.engine.spark."""
