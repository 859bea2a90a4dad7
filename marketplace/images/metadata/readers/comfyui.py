"""ComfyUI: the prompt graph that made the picture, else the workflow as it was drawn.

The sampler is found from the picture backwards; what it was given is followed to where it was
typed. Nodes that nobody here knows are walked through as long as their links can be followed.
"""

from __future__ import annotations

from typing import Any

from marketplace.images.metadata.parts import Embedded
from marketplace.images.metadata.readers.comfy_graph import Graph, Node, Step
from marketplace.images.metadata.readers.comfy_texts import conditioning_text
from marketplace.images.metadata.readers.comfy_workflow import as_prompt_graph
from marketplace.images.metadata.readers.common import COMMENT_KEYS, mapping, stem
from marketplace.images.metadata.reading import Reading
from marketplace.images.metadata.settings import Confidence
from marketplace.images.metadata.work import Work

_MODEL_KEYS = ("ckpt_name", "unet_name", "model_name", "base_ckpt_name", "gguf_name")
_SEED_KEYS = ("seed", "noise_seed")
_LATENT_KEYS = ("latent_image", "latent", "samples")


def read(file: Embedded, work: Work) -> Reading | None:
    """The prompt graph if there is one, else the workflow."""
    for text in file.named("prompt", *COMMENT_KEYS):
        value = text.json()
        if isinstance(value, dict) and isinstance(value.get("prompt"), dict):
            value = value["prompt"]  # some savers put both in one object
        if isinstance(value, dict):
            graph = Graph(value, work)
            if graph.nodes:
                return _read_graph(graph, f"{text.part}, {text.key}", Confidence.HIGH)
    for text in file.named("workflow", *COMMENT_KEYS):
        value = mapping(text.json())
        if isinstance(value.get("nodes"), list):
            graph = Graph(as_prompt_graph(value, work), work)
            reading = _read_graph(graph, f"{text.part}, {text.key}", Confidence.LOW)
            if reading is not None:
                reading.note(
                    "This file holds only the drawing of a workflow, not what was run; compare "
                    "each value with your own."
                )
            return reading
    return None


def _read_graph(graph: Graph, part: str, sure: Confidence) -> Reading | None:
    sampler = _sampler(graph)
    if sampler is None:
        return None
    reading = Reading("ComfyUI", part)
    lower = Confidence.MEDIUM if sure is Confidence.HIGH else sure
    for name, keys, kind in (
        ("seed", _SEED_KEYS, int),
        ("steps", ("steps",), int),
        ("guidance", ("cfg", "guidance"), float),
        ("sampler", ("sampler_name",), str),
        ("schedule", ("scheduler",), str),
    ):
        _put_near(reading, graph, sampler, (name, keys, kind), sure)
    guider = graph.linked(sampler, "guider")
    holder = guider.node if guider else sampler
    _put_texts(reading, graph, holder, lower)
    _put_model(reading, graph, holder, lower)
    _put_size(reading, graph, sampler, lower)
    denoise = graph.value(sampler, "denoise", float)
    if denoise and denoise[0] != 1:
        reading.put_other("denoise", *denoise)
    if sum(_is_sampler(node) for node in graph.nodes.values()) > 1:
        reading.note(
            "This workflow has several samplers; the settings of the first pass are shown."
        )
    return reading if reading.found else None


def _is_sampler(node: Node) -> bool:
    """By what it takes rather than by name: custom nodes have names of their own."""
    inputs = node.inputs
    has_latent = any(isinstance(inputs.get(key), list) for key in _LATENT_KEYS)
    guided = "guider" in inputs or ("positive" in inputs and "negative" in inputs)
    steered = "steps" in inputs or "sampler" in inputs or "sampler_name" in inputs
    return guided and steered and (has_latent or "Sampler" in node.kind)


def _sampler(graph: Graph) -> Node | None:
    """The sampler that began the picture: the last one met going back from where it was saved."""
    ends = [node for node in graph.nodes.values() if "images" in node.inputs]
    saved = [node for node in ends if node.kind.startswith("SaveImage")]
    found = None
    for end in saved or ends:
        for step in graph.walk(Step(end, 0), lambda _: None):
            if _is_sampler(step.node):
                found = _first_pass(graph, step.node)
                break
        if found:
            return found
    return next((node for node in graph.nodes.values() if _is_sampler(node)), None)


def _first_pass(graph: Graph, sampler: Node) -> Node:
    """Back along the latents only: a second pass is given what the first one made."""
    start = Step(sampler, 0)
    for step in graph.walk(start, lambda step: _latent_inputs(step.node)):
        if _is_sampler(step.node):
            sampler = step.node
    return sampler


def _latent_inputs(node: Node) -> list[str]:
    if _is_sampler(node):
        return [key for key in _LATENT_KEYS if key in node.inputs]
    return [key for key in node.inputs if key not in ("model", "clip", "vae", "positive")]


def _put_near(
    reading: Reading,
    graph: Graph,
    sampler: Node,
    wanted: tuple[str, tuple[str, ...], type],
    sure: Confidence,
) -> None:
    """A value of the sampler's own or of the small nodes it is fed by (noise, sigmas, guider)."""
    name, keys, kind = wanted
    feeders = ("noise", "sigmas", "sampler", "guider", "conditioning")
    for step in graph.walk(Step(sampler, 0), lambda step: list(feeders)):
        for key in keys:
            found = graph.value(step.node, key, kind)
            if found is not None:
                through = step.node is not sampler or found[1] != sampler.place(key)
                level = Confidence.MEDIUM if through and sure is Confidence.HIGH else sure
                if reading.put(name, found[0], found[1], level):
                    return


def _put_texts(reading: Reading, graph: Graph, holder: Node, sure: Confidence) -> None:
    positive = "positive" if "positive" in holder.inputs else "conditioning"
    for name, key in (("prompt", positive), ("negative_prompt", "negative")):
        texts = conditioning_text(graph, holder, key)
        if len(texts) > 1:
            reading.note("Several texts were combined in this workflow; they are joined here.")
        if texts:
            joined = ", ".join(text for text, _ in texts)
            reading.put(name, joined, texts[0][1], Confidence.LOW if len(texts) > 1 else sure)


def _put_model(reading: Reading, graph: Graph, holder: Node, sure: Confidence) -> None:
    """The checkpoint on the model's line, and every LoRA met on the way."""
    for step in graph.walk(graph.linked(holder, "model"), _model_inputs):
        node = step.node
        _put_loras(reading, node, sure)
        for key in _MODEL_KEYS:
            value = node.inputs.get(key)
            if isinstance(value, str) and "lora" not in node.kind.lower():
                reading.put("model", stem(value), node.place(key), sure)


def _model_inputs(step: Step) -> list[str]:
    return [name for name in step.node.inputs if "model" in name.lower()]


def _put_loras(reading: Reading, node: Node, sure: Confidence) -> None:
    if "lora" not in node.kind.lower():
        return
    inputs = node.inputs
    if isinstance(inputs.get("lora_name"), str):
        weight: Any = inputs.get("strength_model", inputs.get("strength"))
        reading.put_lora(
            stem(inputs["lora_name"]), weight, node.place("lora_name"), confidence=sure
        )
    for name, value in list(inputs.items())[:100]:  # rgthree's loader: lora_1: {on, lora, strength}
        entry = mapping(value)
        if entry.get("on", True) and isinstance(entry.get("lora"), str):
            reading.put_lora(
                stem(entry["lora"]), entry.get("strength"), node.place(name), confidence=sure
            )


def _put_size(reading: Reading, graph: Graph, sampler: Node, sure: Confidence) -> None:
    """Of the empty latent that the picture began as; none where it began as another picture."""
    for step in graph.walk(Step(sampler, 0), lambda step: _latent_inputs(step.node)):
        width = graph.value(step.node, "width", int)
        height = graph.value(step.node, "height", int)
        if width and height and step.node is not sampler:
            reading.put("width", *width, sure)
            reading.put("height", *height, sure)
            return
