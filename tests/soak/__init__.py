"""`make soak`: a worker under load for hours, and with a million contacts that never end; its memory is judged."""
