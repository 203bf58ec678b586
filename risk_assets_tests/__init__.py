"""The tests of risk_assets, mirroring the package."""
