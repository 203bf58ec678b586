"""The rules, pure: no framework, disk, clock, environment or network."""
