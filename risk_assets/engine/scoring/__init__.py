"""Past days ranked by what was known on them."""
