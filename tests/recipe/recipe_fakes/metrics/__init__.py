"""Stand-in metrics."""
