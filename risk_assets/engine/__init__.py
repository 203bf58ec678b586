"""How rows are crunched: one SQL text, run by an embedded engine."""
