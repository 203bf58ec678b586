"""The API: one module per family of endpoints, over the parts that answer."""
