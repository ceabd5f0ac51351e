"""Reinforcement learning from true scores (GRPO): `python -m train.grpo CONFIG`."""
