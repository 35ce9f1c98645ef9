"""What is known at this moment: of one worker, and of the whole group."""
