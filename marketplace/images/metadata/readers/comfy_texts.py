"""The words behind a sampler's conditioning: followed through the graph to where they stand."""

from __future__ import annotations

from marketplace.images.metadata.readers.comfy_graph import Graph, Node, Step

MAX_TEXTS = 4
_MAX_PIECES = 16
_TEXT_KEYS = (
    "text",
    "text_g",
    "text_l",
    "t5xxl",
    "clip_l",
    "prompt",
    "positive",
    "populated_text",
    "string",
    "value",
    "String",
    "Text",
)
_NOTHING = ("ConditioningZeroOut", "EmptyConditioning")


def conditioning_text(graph: Graph, holder: Node, name: str) -> list[tuple[str, str]]:
    """(text, place) of each text that the input `name` of a sampler or guider is made of.

    Equal texts count once, for SDXL and FLUX encoders take the same words twice or thrice.
    """
    found: dict[str, str] = {}
    ended: set[str] = set()

    def inputs(step: Step) -> list[str] | None:
        return [] if step.node.id in ended else _conditioning_inputs(step, name)

    for step in graph.walk(graph.linked(holder, name), inputs):
        if step.node.kind in _NOTHING:
            ended.add(step.node.id)
            continue
        texts = _own_texts(graph, step.node)
        if texts:
            ended.add(step.node.id)
        for text, place in texts:
            if len(found) < MAX_TEXTS:
                found.setdefault(text, place)
    return list(found.items())


def _conditioning_inputs(step: Step, name: str) -> list[str] | None:
    """Past a node with a positive and a negative side (ControlNet), keep to one of them."""
    inputs = step.node.inputs
    if "positive" in inputs and "negative" in inputs:
        if step.slot in (0, 1):
            return ["positive", "negative"][step.slot : step.slot + 1]
        return ["negative" if name == "negative" else "positive"]
    return [key for key in inputs if key not in ("clip", "model", "vae", "image", "control_net")]


def _own_texts(graph: Graph, node: Node) -> list[tuple[str, str]]:
    """Texts that stand in a node itself or are handed to it."""
    texts = []
    for key in _TEXT_KEYS:
        if isinstance(node.inputs.get(key), str):
            if node.inputs[key].strip():
                texts.append((node.inputs[key].strip(), node.place(key)))
        elif key not in ("positive", "value") and graph.linked(node, key):
            joined = _handed_text(graph, node, key)
            if joined:
                texts.append(joined)
    return texts


def _handed_text(graph: Graph, node: Node, name: str) -> tuple[str, str] | None:
    """A linked text: a literal somewhere, or several joined one after the other."""
    pieces: list[tuple[str, str]] = []
    start = graph.linked(node, name)
    for step in graph.walk(start, lambda _: None):
        inputs = step.node.inputs
        for key, value in list(inputs.items())[:100]:
            wanted = key in _TEXT_KEYS or key.startswith(("string_", "text_", "text"))
            if isinstance(value, str) and wanted and value.strip() and len(pieces) < _MAX_PIECES:
                pieces.append((value.strip(), step.node.place(key)))
    if not pieces:
        return None
    return " ".join(text for text, _ in pieces), pieces[0][1]
