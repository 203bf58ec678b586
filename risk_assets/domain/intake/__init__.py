"""Ingestion: what became of the rows of each file, and of polls of databases."""
