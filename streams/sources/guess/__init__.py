"""A first look at a file: how it is written, what its columns hold, and a draft of its mapping."""
