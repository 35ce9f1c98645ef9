"""How fast the worker is, beside the bare client and its peers, on one broker and the same events: `make bench`."""
