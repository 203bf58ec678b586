"""Whether the world has changed: profiles, measurements, verdict."""
