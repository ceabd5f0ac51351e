"""Batch: a table or a folder of clips."""
