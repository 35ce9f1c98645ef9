"""Files of calls and tickets: what they hold, row by row, becomes events as a mapping says."""
