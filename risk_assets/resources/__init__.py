"""Dagster resources, thin handles on settings, engine and storage, and how assets are declared."""
