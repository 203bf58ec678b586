"""The trained model on disk."""
