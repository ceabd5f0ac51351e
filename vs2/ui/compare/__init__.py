"""Compare: several clips side by side, ranked."""
