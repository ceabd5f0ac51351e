"""The Inference Providers that make video from text, as `huggingface_hub.InferenceClient` knows them."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Served:
    """label: for people. example: a model that it served when this was written; which ones it serves changes."""

    label: str
    example: str


PROVIDERS = {
    "fal-ai": Served("fal", "Wan-AI/Wan2.2-TI2V-5B"),
    "novita": Served("Novita", "Wan-AI/Wan2.1-T2V-14B"),
    "replicate": Served("Replicate", "Wan-AI/Wan2.1-T2V-14B"),
    "together": Served("Together", "Wan-AI/Wan2.2-T2V-A14B"),
    "wavespeed": Served("WaveSpeed", "Wan-AI/Wan2.2-T2V-A14B"),
}
