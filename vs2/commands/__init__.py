"""Subcommands of `vs2`, one file each: `add` declares its arguments, `run` does it. vs2.cli puts them together."""
