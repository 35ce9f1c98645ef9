"""Each channel by itself: its events, measurements and counts."""
