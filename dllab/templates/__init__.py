"""Starting files for parts of the user's own: real, tested parts that `dllab new` copies under another name."""
