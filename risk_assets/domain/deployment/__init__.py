"""What serves: the gate, and the decisions."""
