"""Stand-in schedules."""
