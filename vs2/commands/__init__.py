"""Subcommands of `vs2`, one file each: `add` declares its arguments, `run` does it. vs2.cli puts them together."""

PUBLISHED = ("draw one reply as the authors' script does, by chance, and add the soft scores that it reads, to repeat "
             "published figures (the script runs at --precision fp32)")


def add_fps(command) -> None:
    """Adds the option of every command that reads files which may be pictures."""
    command.add_argument("--fps", type=float, metavar="F", help="pictures a second, for a folder or a zip of numbered "
                         "pictures (frame_0001.png and so on); a video says its own")
