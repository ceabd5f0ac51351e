"""The words in Chinese (Simplified)."""
