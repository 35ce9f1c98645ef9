"""What the report tells of visits."""
