"""The live model, and what it predicts."""
