"""`vs2 models`: the judges that can be named, and what makes video from text."""
import json
import os

from vs2.rubric import BY_KEY

METRICS = {"exact": "exact", "within_one": "within one", "pearson": "Pearson", "spearman": "Spearman"}


def add(commands) -> None:
    """Declares the command."""
    models = commands.add_parser("models", help="list the judges", description="Lists the judges that need no folder, "
                                 "what each knows, and which is the default here.")
    models.add_argument("--json", action="store_true", help="write one JSON object to stdout")
    models.set_defaults(run=run)


def run(arguments) -> None:
    """`vs2 models`."""
    from vs2.model import catalogue
    from vs2.settings import Settings

    listing = catalogue.listing(Settings.read())
    print(json.dumps(listing, allow_nan=False) if arguments.json else text(listing))


def text(listing: dict) -> str:
    """The listing for people."""
    lines = []
    for model in listing["models"]:
        mark = "  (default)" if model["name"] == listing["default"] else ""
        lines.append(f"{model['name']}{mark}")
        if model["problem"]:
            lines += [f"  {model['problem']}", ""]
            continue
        place = "on this machine" if model["here"] else "downloaded when it is first used"
        lines += [f"  {_count(model['parameters'])} parameters, {_size(model['bytes'])}, {place}",
                  f"  Knows: {model['knows']}"]
        if model["scope"]:
            labels = ", ".join(BY_KEY[key].label.lower() for key in model["scope"]["withholds"])
            lines.append(f"  Withholds: the scores of {labels} where it sees that it does not know a clip's kind")
        if model["trained_on"]:
            lines.append(f"  Trained on: {model['trained_on']}")
        for key, metrics in model["metrics"].items():
            if isinstance(metrics, dict):
                named = [f"{METRICS[name]} {value:.2f}" for name, value in metrics.items()
                         if name in METRICS and isinstance(value, int | float)]
                if named:
                    label = BY_KEY[key].label if key in BY_KEY else key
                    lines.append(f"  {label}: {', '.join(named)}")
        lines.append("")
    lines.append(f"The default here is {listing['default']}: {listing['why']}.")
    return "\n".join([*lines, "", *_generators()])


def _generators() -> list[str]:
    """What makes video from text, for people: usable here, or what would make it so."""
    from vs2 import generate

    lines = ["Generators (`vs2 best-of --generator`; a provider's token goes into HF_TOKEN):"]
    for one in generate.listing(bool(os.environ.get("HF_TOKEN", "").strip())):
        state = "usable here" if one.usable else f"{one.reason} {one.remedy}"
        lines.append(f"  {one.example or one.name}: {state}")
    return lines


def _count(number: int) -> str:
    return f"{number / 1e9:.1f} billion" if number >= 1e9 else f"{number / 1e6:.1f} million"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
