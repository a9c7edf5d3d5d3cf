"""Schedules: how the learning rate moves. See schedule.py."""
