"""What the report tells of telephone calls."""
