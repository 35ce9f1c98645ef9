"""Cases from practice, each by name, run as a user would."""
