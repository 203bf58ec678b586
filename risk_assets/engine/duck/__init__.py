"""DuckDB as the engine: embedded, with limits."""
