"""Training: a recipe and its data become a stream of events."""
