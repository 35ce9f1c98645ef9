"""When a month closes, and how it is closed or reopened exactly once."""
