"""Who may do what: logging in to Kafka, rights on it, and what never leaves the process."""
