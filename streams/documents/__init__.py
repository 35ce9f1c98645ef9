"""The contract as documents for the makers of sources: schemas and examples, made from the channels' events."""
