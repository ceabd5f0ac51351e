"""Teaching a new model to see, before it learns to speak."""
