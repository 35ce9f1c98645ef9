"""The other workers of the group: what they say, and what the time is where they say it."""
