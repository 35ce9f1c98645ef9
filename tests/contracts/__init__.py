"""The contract: what is decoded, what is refused, and that the documents say the same."""
