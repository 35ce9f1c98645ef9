"""How a process begins, is told to stop, and ends."""
