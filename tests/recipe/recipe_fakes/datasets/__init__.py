"""Stand-in datasets."""
