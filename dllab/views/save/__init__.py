"""Figures as files: see figure.py for the function, cells.py for what is drawn, and a file for each kind."""
