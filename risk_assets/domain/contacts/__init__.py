"""What client managers write down of their calls, and whom to call."""
