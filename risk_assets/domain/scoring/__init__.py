"""How good a model is: metrics, their intervals, and an estimate without labels."""
