"""The model: how it is fitted, what it says, and why."""
