"""docs/cluster.md: its jobs run commands that there are, and its costs come from rates that were measured."""
import re
import shlex

import yaml

from tests.docs.blocks import ROOT, blocks
from vs2.cli.main import parser

PAGE = "docs/cluster.md"


def command(text: str):
    """What `vs2 batch` makes of the end of a command line."""
    arguments = parser().parse_args(shlex.split(text[text.index("vs2 batch"):])[1:])
    assert arguments.engine == "ray" and arguments.resume, "a job that begins anew goes on"
    return arguments


def test_the_job_of_kubernetes_mounts_what_it_names_and_scales_within_its_workers():
    job, = (yaml.safe_load(block.text) for block in blocks(PAGE) if block.language == "yaml")
    cluster = job["spec"]["rayClusterSpec"]
    group, = cluster["workerGroupSpecs"]
    assert command(job["spec"]["entrypoint"]).workers == (group["minReplicas"], group["maxReplicas"])
    for pod in (cluster["headGroupSpec"], group):
        inside = pod["template"]["spec"]
        mounted = {mount["name"] for one in inside["containers"] for mount in one["volumeMounts"]}
        assert mounted == {volume["name"] for volume in inside["volumes"]}
    assert "/clips" in job["spec"]["entrypoint"]


def test_the_job_of_slurm_asks_for_as_many_gpus_as_it_has_workers():
    text, = (block.text for block in blocks(PAGE) if "#SBATCH" in block.text)
    nodes, gpus = (int(re.search(rf"--{name}=(\d+)", text)[1]) for name in ("nodes", "gpus-per-node"))
    assert command(re.sub(r"\\\n", "", text)).workers == (nodes * gpus, nodes * gpus) and f"--min-nodes {nodes}" in text


def test_costs_are_computed_from_what_was_measured():
    measured = (ROOT / "perf" / "RESULTS.md").read_text()
    page = (ROOT / PAGE).read_text()
    for here, there in (("0.24 s", "0.43 / 0.24 s"), ("8.9 ms", "captured | 8.9 ms"), ("9.9 ms", "5 samples | 9.9 ms"),
                        ("2.86 / 4", "four clips, against one by one | 2.86")):
        assert here in page and there in measured
    code, = (block.text for block in blocks(PAGE) if block.language == "python")
    names: dict = {}
    exec(code, names)
    for seconds in (names["prefill"] + names["tokens"] * names["one"],
                    names["prefill"] + names["tokens"] * names["five"] / 5, names["direct"]):
        each, hours, price = names["cost"](seconds)
        assert f"| {each:.2f} | {hours:.1f} | {price:.2f} |" in page
