"""The model: its fit, its scorecard and the reasons it gives."""
