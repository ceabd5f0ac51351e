"""ComfyUI nodes: a judge of generated video. Copy or link this folder into ComfyUI's custom_nodes.

The package `vs2` has to be installed in ComfyUI's Python. The nodes' interface is ComfyUI's documented one (the server
overview of docs.comfy.org): NODE_CLASS_MAPPINGS, and classes with INPUT_TYPES, RETURN_TYPES and FUNCTION.
"""
from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
