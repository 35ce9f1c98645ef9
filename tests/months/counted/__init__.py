"""A channel that tells the report nothing of itself, in a process of its own: counts, words and what is checked."""
