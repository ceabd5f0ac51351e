"""`vs2 quantize`: a judge's weights in 4 bits, for processors without a GPU; how far it then agrees with itself."""
import argparse
import contextlib
import json
import sys
from pathlib import Path

from vs2.cli import judging
from vs2.errors import BadInput

SCENES, CLIPS = "scenes", 20


def add(commands) -> None:
    """Declares the command."""
    quantize = commands.add_parser(
        "quantize", help="put a judge's weights into 4 bits, for a CPU", description="Writes a checkpoint's folder "
        "with the language model's weights in 4 bits, its output layer in 8, the rest in 16: what --precision int4 "
        "loads in seconds. It reads one file of weights after another, from a folder or from the Hugging Face Hub "
        "(whose files it does not keep), and goes on where it was if it is stopped. With --check it also says how far "
        "the new judge agrees with the old one, which has to fit into memory for that.")
    quantize.add_argument("model", metavar="NAME", help="mini, a Hub id, or the folder of a checkpoint")
    quantize.add_argument("--out", type=Path, metavar="FOLDER", help="where to write it (default: below VS2_HOME, "
                          "where judges of that name are then loaded from)")
    quantize.add_argument("--check", metavar="CLIPS", help="compare both judges on clips: a folder with a videos.csv "
                          f"(columns file, prompt), or {SCENES} for held-out rendered ones")
    quantize.add_argument("--limit", type=int, metavar="N", help="the most clips to compare on (default: all of a "
                          f"folder, {CLIPS} {SCENES})")
    quantize.add_argument("--think", default=True, action=argparse.BooleanOptionalAction,
                          help="compare replies with a rationale, or the scores alone")
    quantize.add_argument("--budget", type=int, default=1024, metavar="TOKENS", help="most thinking tokens to compare")
    quantize.add_argument("--json", action="store_true", help="write one JSON object, and nothing else, to stdout")
    quantize.set_defaults(run=run)


def run(arguments) -> None:
    """`vs2 quantize`."""
    from vs2.options import Options
    from vs2.remote.address import is_remote
    from vs2.settings import Settings

    options = Options(think=arguments.think, budget=arguments.budget)
    if is_remote(arguments.model):
        raise BadInput(f"{arguments.model} is a judge on a server: name a checkpoint whose weights can be read.")
    if arguments.limit is not None and arguments.limit < 1:
        raise BadInput(f"--limit {arguments.limit} leaves nothing to compare on: give 1 or more.")
    judging.check_judge(arguments.model)
    clips = _clips(arguments)
    with contextlib.redirect_stdout(sys.stderr):  # what libraries say is no part of the output
        from vs2.model.int4 import store

        made = store.make(arguments.model, arguments.out, Settings.read().home)
        found = _checked(arguments.model, made.folder, clips, options) if clips else None
    if arguments.json:
        print(json.dumps({"model": arguments.model, "folder": str(made.folder), "bytes": made.stored,
                          "left": made.config["quantization_config"]["left"], "check": found}, allow_nan=False))
        return
    print(f"{arguments.model} is in {made.folder}, {made.stored / 1e9:.2f} GB: --model {made.folder}")
    if left := made.config["quantization_config"]["left"]:
        print(f"{len(left)} layers stay in 16 bits, for their widths are no multiples of 64 rows and 32 columns: "
              f"{left[0]}{' and others' if len(left) > 1 else ''}")
    if found:
        from vs2.model.int4 import agreement

        print(f"\n{agreement.table(found)}")


def _clips(arguments) -> list:
    """What to compare on: files and scenes, each with its prompt."""
    if arguments.check is None:
        return []
    if arguments.check == SCENES:
        from vs2.bench import scenes
        from vs2.scenes import words

        found = scenes.held_out(arguments.limit or CLIPS)
        return [(scene, words.caption(scene.asked, number)) for number, scene in enumerate(found)]
    from vs2.bench import faults

    return [(clip.path, clip.prompt) for clip in faults.listed(arguments.check)][:arguments.limit]


def _checked(name: str, folder: Path, clips: list, options) -> dict:
    import tempfile

    from vs2 import video
    from vs2.cli.terminal import Status
    from vs2.model import checkpoint, weights
    from vs2.model.card import Card
    from vs2.model.int4 import agreement
    from vs2.scenes import film

    card, status = Card.read(folder), Status()

    def read(source) -> video.Clip:
        if isinstance(source, Path):
            return video.read(source, card.sampling)
        with tempfile.TemporaryDirectory() as place:
            return video.read(film.write(source, Path(place) / "scene.mp4"), card.sampling)

    asked = [(read(source), prompt) for source, prompt in clips]
    cpu = weights.place("int4", weights.device())
    with weights.quiet():
        found = agreement.agreement(
            lambda: weights.load(checkpoint.locate(name), "bf16", cpu),
            lambda: weights.load(checkpoint.inspect(folder, name), "int4", cpu), asked, options,
            lambda done, count: status.show(f"Comparing {done}/{count}", fleeting=done < count))
    status.clear()
    return found
