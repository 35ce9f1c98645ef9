"""The wall page: what it is told, and the page itself."""
