"""Evaluate: one clip, its rationale as it comes, its scores."""
