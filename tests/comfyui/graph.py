"""A stand-in for ComfyUI: loads a folder of custom nodes as it does, checks a prompt in API format, and runs it.

As its documentation has it (docs.comfy.org: custom nodes, server overview; workflows in API format): a node is
{"class_type": name, "inputs": {name: value or [node, output]}}; types of links must be the same. A value that is an
ExecutionBlocker keeps its node from running; its message is that node's error, and what follows is blocked silently.
"""
import importlib.util
import sys
import types
from pathlib import Path


class ExecutionBlocker:
    """As in comfy_execution.graph."""

    def __init__(self, message):
        self.message = message


class Invalid(Exception):
    """The prompt does not fit its nodes."""


def load(folder: Path, patch) -> dict:
    """The folder's NODE_CLASS_MAPPINGS, loaded under a name that is its path."""
    package, graph = types.ModuleType("comfy_execution"), types.ModuleType("comfy_execution.graph")
    graph.ExecutionBlocker = ExecutionBlocker
    patch.setitem(sys.modules, "comfy_execution", package)
    patch.setitem(sys.modules, "comfy_execution.graph", graph)
    name = str(folder).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py")
    module = importlib.util.module_from_spec(spec)
    patch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    for loaded in [one for one in sys.modules if one.startswith(f"{name}.")]:
        patch.setitem(sys.modules, loaded, sys.modules[loaded])
    return module.NODE_CLASS_MAPPINGS


def check(prompt: dict, nodes: dict) -> None:
    """Raises Invalid."""
    for place, node in prompt.items():
        kinds = nodes[node["class_type"]].INPUT_TYPES()
        for name, (kind, *more) in kinds.get("required", {}).items():
            if name not in node["inputs"]:
                raise Invalid(f"{place}: {name} is missing")
            value, limits = node["inputs"][name], more[0] if more else {}
            if isinstance(value, list):
                given = nodes[prompt[value[0]]["class_type"]].RETURN_TYPES[value[1]]
                if given != kind:
                    raise Invalid(f"{place}: {name} is {given} and should be {kind}")
            elif isinstance(kind, list):
                if value not in kind:
                    raise Invalid(f"{place}: {name} is none of {kind}")
            elif kind not in ("STRING", "INT", "FLOAT", "BOOLEAN"):
                raise Invalid(f"{place}: {name} has to be linked")
            elif kind in ("INT", "FLOAT") and not limits["min"] <= value <= limits["max"]:
                raise Invalid(f"{place}: {name} is out of its range")


def run(prompt: dict, nodes: dict) -> tuple[dict, dict]:
    """({node: its outputs}, {node: its error})."""
    check(prompt, nodes)
    outputs, errors = {}, {}

    def needed(place: str) -> tuple:
        if place in outputs:
            return outputs[place]
        node = prompt[place]
        kind = nodes[node["class_type"]]
        inputs = {name: needed(value[0])[value[1]] if isinstance(value, list) else value
                  for name, value in node["inputs"].items()}
        blocked = [value for value in inputs.values() if isinstance(value, ExecutionBlocker)]
        if blocked:
            if blocked[0].message is not None:
                errors[place] = blocked[0].message
            outputs[place] = (ExecutionBlocker(None),) * len(kind.RETURN_TYPES)
            return outputs[place]
        found = getattr(kind(), kind.FUNCTION)(**inputs)
        assert isinstance(found, tuple) and len(found) == len(kind.RETURN_TYPES) == len(kind.RETURN_NAMES)
        outputs[place] = found
        return found

    for place in prompt:
        needed(place)
    return outputs, errors
