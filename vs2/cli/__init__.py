"""The `vs2` command: a file for each subcommand, whose `add` declares its arguments and whose `run` does it."""
