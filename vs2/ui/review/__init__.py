"""Review: people dispute or confirm what a judge said."""
