"""Amazon Connect as a source."""
