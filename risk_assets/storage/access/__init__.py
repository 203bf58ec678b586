"""Access keys, and the log of what their holders wrote."""
