"""What drift is judged by, gathered from disk."""
