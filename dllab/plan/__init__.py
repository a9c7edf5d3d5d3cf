"""Plans: a recipe and shapes become a flat table of kernel calls over symbolic memory."""
