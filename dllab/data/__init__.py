"""Data sources: the data sets a recipe can name, and how their rows are split and scaled."""
