"""FETV: clips with three people's ratings of static quality, temporal quality and alignment, 1 to 5.

`fetv.csv`: file, prompt, generator, static_quality, temporal_quality, alignment (means) and each rater's static_1,
temporal_1, alignment_1 and so on. Liu and others, arXiv 2311.01813.
"""
from vs2.bench.people.files import Folder, number, table, text
from vs2.bench.people.suite import Clip, Suite

NAME = "fetv"
TABLE = "fetv.csv"
REPO, PATTERNS, ARCHIVES = "", (), ()
SOURCE = "its authors' repositories, github.com/llyx97/FETV and FETV-EVAL"
RATED = {"static_quality": "static", "temporal_quality": "temporal", "alignment": "alignment"}
RATERS = 3


def load(folder: Folder) -> Suite:
    """The suite in a folder: human has the means, and each rater's as static_1 and so on. Raises BadInput."""
    suite = Suite(NAME)
    for row in table(folder.file(TABLE), ("file", "prompt", *RATED)):
        each = {f"{short}_{rater}": number(row.get(f"{short}_{rater}"))
                for short in RATED.values() for rater in range(1, RATERS + 1)}
        known = {name: score for name, score in each.items() if score is not None}
        human = {}
        for name, short in RATED.items():       # from the raters, whose mean the table rounds
            own = [known[f"{short}_{rater}"] for rater in range(1, RATERS + 1) if f"{short}_{rater}" in known]
            mean = sum(own) / len(own) if len(own) == RATERS else number(row[name])
            if mean is not None and 1 <= mean <= 5:
                human[name] = mean
        if len(human) < len(RATED):
            suite.left_out["a rating is missing or not from 1 to 5"] += 1
            continue
        path, problem = folder.clip(text(row["file"]))
        name = text(row["file"])
        if not suite.add(Clip(name, text(row["prompt"]), human | known, path, problem, name.rsplit("/", 1)[-1],
                              other={"generator": text(row.get("generator"))})):
            suite.left_out["the clip is in the table twice"] += 1
    return suite
