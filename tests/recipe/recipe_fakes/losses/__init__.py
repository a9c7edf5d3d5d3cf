"""Stand-in losses."""
