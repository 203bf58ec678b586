"""The clients, ranked by risk."""
