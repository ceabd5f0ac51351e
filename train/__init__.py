"""Rebuilds the judge: data, supervised fine-tuning, measurement. Uses vs2/; nothing in vs2/ uses this."""
