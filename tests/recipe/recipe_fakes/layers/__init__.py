"""Stand-in layers."""
