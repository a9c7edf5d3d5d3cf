"""The fifty lessons: each a file in `fifty`, a question answered by an experiment whose claims are measured."""
