"""`vs2 serve`: the judge as a reward, over HTTP."""
import contextlib
import sys

from vs2.cli import judging
from vs2.errors import BadInput

PORT = 8000


def add(commands) -> None:
    """Declares the command."""
    serve = commands.add_parser("serve", help="serve scores to training code", description="Serves the judge's scores "
                                "over HTTP, to code that trains generators of videos.")
    serve.add_argument("--host", metavar="H", help="the address to listen on (default: VS2_HOST, else this "
                       "machine alone)")
    serve.add_argument("--port", type=int, default=PORT, metavar="P", help=f"default: {PORT}; 0: one that is free")
    judging.add_options(serve)
    serve.add_argument("--batch", type=int, default=None, metavar="N", help="most clips judged at once, with "
                       "--no-think")
    serve.add_argument("--queue", type=int, default=None, metavar="N",
                       help="most clips that wait; beyond it the answer is 429 with a time to come back")
    serve.add_argument("--fps", type=float, metavar="F", help="pictures a second of clips that come as frames and do "
                       "not say it, as Flow-Factory's")
    serve.add_argument("--files", action="append", default=[], metavar="FOLDER", help="a folder whose files requests "
                       "may name by their path; may be given several times")
    serve.add_argument("--reward", default=None, metavar="NAME", help="the number that /compute answers with "
                       "(default: overall)")
    serve.set_defaults(run=run)


def run(arguments) -> None:
    """`vs2 serve`."""
    from vs2.extras import install
    from vs2.options import Options
    from vs2.settings import Settings
    from vs2.video.rate import check_fps

    options = Options(**judging.options(arguments))
    settings = Settings.read()
    if not 0 <= arguments.port <= 65535:
        raise BadInput(f"--port is {arguments.port}: it must be a number from 0 to 65535.")
    for name, most in (("batch", 256), ("queue", 100_000)):
        value = getattr(arguments, name)
        if value is not None and not 1 <= value <= most:
            raise BadInput(f"--{name} is {value}: it must be a number from 1 to {most}.")
    if arguments.fps is not None:
        check_fps(arguments.fps)
    try:
        from vs2.serve import app, line, run, sources
        from vs2.ui.guard import fetch
    except ModuleNotFoundError as error:
        if error.name not in ("prometheus_client", "fastapi", "uvicorn", "python_multipart"):
            raise
        raise BadInput(f"The server needs {error.name}: {install('serve')}.") from error
    from vs2.reward.flow_grpo import check_sub

    sub = arguments.reward or app.OVERALL
    check_sub(sub)
    folders = sources.folders(arguments.files)
    judging.check_judge(settings.model if arguments.model == "auto" else arguments.model)
    fetch.allowed = settings.addresses
    with contextlib.redirect_stdout(sys.stderr):
        judge = judging.load(arguments.model, arguments.precision, settings)
    terms = app.Terms(options, sources.Sources(folders, arguments.fps), sub, arguments.batch or line.BATCH,
                      arguments.queue or line.WAITING, token=settings.token, host=arguments.host or settings.host,
                      names=settings.proxy)
    run.run(judge, terms, arguments.port)
