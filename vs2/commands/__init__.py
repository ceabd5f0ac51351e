"""Subcommands of `vs2`, one file each: `add` declares its arguments, `run` does it. vs2.cli puts them together."""

PUBLISHED = ("draw one reply as the authors' script does, by chance, and add the soft scores that it reads, to repeat "
             "published figures (the script runs at --precision fp32)")
