"""Making clips from text, for the pages that offer it."""
