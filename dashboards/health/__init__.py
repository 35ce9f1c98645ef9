"""Whether the monitor itself is up to date."""
