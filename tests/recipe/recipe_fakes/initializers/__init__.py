"""Stand-in initializers."""
