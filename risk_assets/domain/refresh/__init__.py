"""What is materialized, and when: staleness, arrivals, retries."""
