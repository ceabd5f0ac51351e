"""`vs2 app`: serves the pages on this machine."""
from vs2.errors import BadInput


def add(commands) -> None:
    """Declares the command."""
    app = commands.add_parser("app", help="open the pages", description="Serves the pages on this machine.")
    app.add_argument("--port", type=int, default=None, metavar="P", help="default: 7860, or the next that is free")
    app.set_defaults(run=run)


def run(arguments) -> None:
    """`vs2 app`."""
    from vs2.ui.app import launch

    if arguments.port is not None and not 0 <= arguments.port <= 65535:
        raise BadInput(f"--port is {arguments.port}: it must be a number from 0 to 65535.")
    launch(port=arguments.port)
