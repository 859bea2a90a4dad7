"""A ComfyUI workflow as its editor saves it, turned into a prompt graph.

Widgets stand in a workflow by position only, so their names come from a table of the nodes that
nearly every workflow is made of; other nodes keep their links and lose their widgets.
"""

from __future__ import annotations

from typing import Any

from marketplace.images.metadata.readers.common import sequence
from marketplace.images.metadata.work import Work

_SKIP = ""
"""A widget that the editor adds for itself: what to do with the seed after a run."""
_WIDGETS: dict[str, tuple[str, ...]] = {
    "KSampler": ("seed", _SKIP, "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": (
        "add_noise",
        "noise_seed",
        _SKIP,
        "steps",
        "cfg",
        "sampler_name",
        "scheduler",
    ),
    "CLIPTextEncode": ("text",),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "UNETLoader": ("unet_name",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "EmptyLatentImage": ("width", "height", "batch_size"),
    "EmptySD3LatentImage": ("width", "height", "batch_size"),
    "RandomNoise": ("noise_seed",),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "KSamplerSelect": ("sampler_name",),
    "FluxGuidance": ("guidance",),
    "PrimitiveString": ("value",),
    "PrimitiveStringMultiline": ("value",),
    "PrimitiveInt": ("value",),
    "PrimitiveFloat": ("value",),
}
_MUTED = (2, 4)
"""Modes of nodes that did not run: never, and bypassed."""


def as_prompt_graph(workflow: dict[str, Any], work: Work) -> dict[str, Any]:
    """{node id: {"class_type", "inputs"}} of the nodes that were switched on."""
    sources = {}
    for link in sequence(workflow.get("links")):
        work.step()
        if isinstance(link, list) and len(link) >= 5 and isinstance(link[0], int):
            sources[link[0]] = [str(link[1]), link[2]]
    graph = {}
    for node in sequence(workflow.get("nodes")):
        work.step()
        if isinstance(node, dict) and node.get("mode") not in _MUTED:
            inputs = _links(node, sources, work) | _widgets(node)
            graph[str(node.get("id"))] = {"class_type": node.get("type"), "inputs": inputs}
    return graph


def _links(node: dict[str, Any], sources: dict[int, list[Any]], work: Work) -> dict[str, Any]:
    found = {}
    for entry in sequence(node.get("inputs")):
        work.step()
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            link = entry.get("link")
            if isinstance(link, int) and link in sources:
                found[entry["name"]] = sources[link]
    return found


def _widgets(node: dict[str, Any]) -> dict[str, Any]:
    values = node.get("widgets_values")
    if isinstance(values, dict):
        return {name: value for name, value in values.items() if not isinstance(value, list | dict)}
    names = _WIDGETS.get(str(node.get("type")), ())
    pairs = zip(names, sequence(values), strict=False)
    return {name: value for name, value in pairs if name and not isinstance(value, list | dict)}
