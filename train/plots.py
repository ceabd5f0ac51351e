"""What a run logged, as a picture: one curve a name over the steps."""
from pathlib import Path

COLUMNS = 3


def curves(log_history: list[dict], names: list[str], path: str | Path, title: str) -> Path:
    """A PNG with one small plot for each of `names` that was logged as a number, over `step`.

    log_history: as transformers.Trainer keeps it in its state. Names that were never logged are left out; where none
    was, the picture says so. The plot of a name has a second, dashed curve where `eval_NAME` was logged too. Makes the
    folder.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    logged = {name: points for name in names if (points := series(log_history, name))}
    across = max(1, min(COLUMNS, len(logged)))
    down = max(1, -(-len(logged) // across))
    figure = Figure(figsize=(5.2 * across, 3.4 * down + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(down, across, squeeze=False).flatten()
    for axis, (name, points) in zip(axes, logged.items(), strict=False):
        alone = {"marker": "o"} if len(points) == 1 else {}
        axis.plot(*zip(*points, strict=True), linewidth=1.2, color="#1f6feb", label=name, **alone)
        if held_out := series(log_history, f"eval_{name}"):
            axis.plot(*zip(*held_out, strict=True), linewidth=1.2, color="#d1570b", linestyle="--", marker="o",
                      markersize=3, label=f"eval_{name}")
            axis.legend(frameon=False)
        axis.set(title=name, xlabel="step")
        axis.grid(alpha=0.3)
    for axis in axes[len(logged):]:
        axis.set_axis_off()
    if not logged:
        axes[0].text(0.5, 0.5, "nothing was logged", ha="center", va="center", transform=axes[0].transAxes)
    figure.suptitle(title)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    return path


def series(log_history: list[dict], name: str) -> list[tuple[int, float]]:
    """(step, value) for every entry that has the name, in order; of two at one step the later one."""
    points = {entry["step"]: float(entry[name]) for entry in log_history
              if "step" in entry and isinstance(entry.get(name), int | float)}
    return sorted(points.items())
