"""`make fuzz`: bytes that nobody would send, into everything that reads what others wrote."""
