"""Teaching the built-in judge about footage: what there is to learn from, and how it learns it."""
