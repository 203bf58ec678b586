"""What exists: one module per asset key, its checks beside it."""
