"""A file for each lesson, by number and name; dllab/lessons/lesson.py says what one holds."""
