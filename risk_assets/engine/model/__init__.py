"""Training rows and the scorecard in SQL."""
