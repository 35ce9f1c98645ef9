"""What to do at each alarm, as a dashboard."""
