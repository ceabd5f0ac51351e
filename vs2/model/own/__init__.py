"""Qwen2.5-VL's forward pass in plain torch, for small checkpoints on a CPU: the same numbers without transformers."""
