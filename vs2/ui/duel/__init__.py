"""Duel: people say which of two clips is better, without knowing whose they are."""
