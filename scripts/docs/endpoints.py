"""The endpoints of the app, made from the app itself: what /gradio_api/info and its MCP server say of each.

    python -m scripts.docs.endpoints        prints both as JSON

The app is put together in a process of its own, without a judge and without being served.
"""
import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def declared() -> dict:
    """`api`: what /gradio_api/info answers; `tools`: each MCP tool's description and its input's JSON Schema."""
    done = subprocess.run([sys.executable, "-m", "scripts.docs.endpoints"], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "GRADIO_ANALYTICS_ENABLED": "False"})
    if done.returncode:
        raise RuntimeError(f"The app could not be put together: {done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def page() -> str:
    """Markdown: a section for each endpoint."""
    found = declared()
    return "\n\n".join(_section(name, one, found["tools"]) for name, one in found["api"]["named_endpoints"].items())


def _section(name: str, endpoint: dict, tools: dict) -> str:
    rows = [f"| `{one['parameter_name']}` | {kind(one)} | {default(one)} | {one['label']} |"
            for one in endpoint["parameters"]]
    tool = name.removeprefix("/")
    also = f"As a tool of the MCP server it is called `{tool}`." if tool in tools else ""
    return "\n".join([f"### {name}", "", f"{endpoint['description']} {also}".strip(), "",
                      "| parameter | type | default | label |", "|---|---|---|---|", *rows])


def kind(parameter: dict) -> str:
    """The type of a parameter, for people."""
    schema = parameter["type"]
    if parameter["component"] == "File":
        return "list of files" if schema.get("type") == "array" else "file"
    return _kind(schema) + (f", {schema['description'].removeprefix('numeric value ')}"
                            if "numeric value" in (schema.get("description") or "") else "")


def _kind(schema: dict) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}" if "items" in schema else "list"
    return schema.get("type") or "JSON"


def default(parameter: dict) -> str:
    """What holds where it is left out; `required` where it cannot be."""
    if not parameter["parameter_has_default"]:
        return "required"
    return f"`{json.dumps(parameter['parameter_default'])}`"


def _declare() -> dict:
    """Puts the app together and asks it."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder      # before Gradio is imported, which looks for it then
        from gradio.mcp import GradioMCPServer

        from vs2.history.store import Store
        from vs2.settings import Settings
        from vs2.ui import app
        from vs2.ui.host import Host
        from vs2.ui.site import Site

        settings = Settings(home=Path(folder) / "home")
        blocks = app.build(Site(Host(lambda: None, {}), Store(settings.home), settings))
        server = GradioMCPServer(blocks)
        functions = {name: server.get_block_fn_from_endpoint_name(place)
                     for name, place in server.tool_to_endpoint.items()}
        tools = {name: {"description": server.get_fn_description(function, name)[0],
                        "input": server.get_input_schema(name)[0]} for name, function in functions.items()}
        return {"api": blocks.get_api_info(), "tools": tools}


if __name__ == "__main__":
    print(json.dumps(_declare()))
