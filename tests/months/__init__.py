"""Month reports, closing and snapshots."""
