"""What telephone exchanges have in common: which calls count, which facts of one are told, how to stay connected."""
