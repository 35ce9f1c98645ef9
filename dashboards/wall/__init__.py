"""The wall: who waits now, for how long, and whether that keeps the norms."""
