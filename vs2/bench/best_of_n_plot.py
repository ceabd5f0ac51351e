"""The suite `best-of-n` as a picture: true score over N, of the pick, a random candidate and the best."""
from pathlib import Path

from vs2.bench.best_of_n import ALL
from vs2.errors import BadInput, Failure
from vs2.rubric import BY_KEY, KEYS
from vs2.video import display_name

SUFFIXES = (".png", ".svg")
PICKED = "#1a9c86"
CURVES = (("best", "the best there is", "#8b6fd1", "--"), ("picked", "the judge's pick", PICKED, "-"),
          ("random", "a random one", "#8b9399", ":"))


def check(path: str | Path) -> Path:
    """The path as such; raises BadInput where no picture can be written there."""
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"--plot is {display_name(path)}: its ending must be {' or '.join(SUFFIXES)}.")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise BadInput("--plot needs matplotlib: run `pip install matplotlib`, or leave it out.") from error
    return path


def draw(result: dict, path: str | Path) -> Path:
    """Writes the result of `best_of_n.run` as a PNG or SVG: the mean of all scores, then each dimension.

    The band is the pick's 95 % interval: of its gain over a random pick, over prompts. Raises Failure where the file
    cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sizes = result["metrics"]["sizes"]
    counts = [int(size) for size in sizes]
    figure = Figure(figsize=(13.5, 3.9), layout="constrained")
    FigureCanvasAgg(figure)
    for axis, name in zip(figure.subplots(1, 4), (ALL, *KEYS), strict=True):
        cells = [found[name] for found in sizes.values()]
        for key, label, colour, line in CURVES:
            axis.plot(counts, [cell[key] for cell in cells], line, color=colour, label=label, marker="o", markersize=4)
        if all(cell["gain_interval"] for cell in cells):
            edges = [[cell["random"] + cell["gain_interval"][i] for cell in cells] for i in (0, 1)]
            axis.fill_between(counts, *edges, color=PICKED, alpha=0.18, linewidth=0)
        axis.set(title="Mean of the three" if name == ALL else BY_KEY[name].label, xlabel="N candidates", ylim=(1, 5))
        axis.set_xscale("log", base=2)
        axis.set_xticks(counts, [str(count) for count in counts])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
        axis.title.set_fontsize(10)
    first = figure.axes[0]
    first.set_ylabel("true score, 1 to 5")
    first.legend(frameon=False, loc="lower right", fontsize=9)
    shown = result["metrics"]
    figure.suptitle(f"Best of N by {display_name(result['model'])}: {shown['prompts']} prompts, {shown['clips']} clips",
                    fontsize=11)
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise Failure(f"{display_name(path)} cannot be written ({error.strerror or error}): give another --plot.") \
            from error
    return path
