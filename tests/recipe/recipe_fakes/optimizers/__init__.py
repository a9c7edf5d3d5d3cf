"""Stand-in optimizers."""
