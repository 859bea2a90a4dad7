"""A ComfyUI prompt graph: nodes by id, and walks against its links that end whatever the graph.

A node is {"class_type": name, "inputs": {name: a value, or a link [node id, output slot]}}.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from marketplace.images.metadata.readers.common import mapping
from marketplace.images.metadata.work import Work

MAX_NODES = 5_000
_MAX_HOPS = 16
# Where nodes that only hand on one value keep it, in order of preference.
_VALUE_KEYS = {
    int: ("value", "seed", "noise_seed", "int", "number", "steps", "width", "height", "Value"),
    float: ("value", "float", "number", "cfg", "guidance", "int", "Value"),
    str: ("value", "string", "text", "String", "Text", "prompt"),
}


@dataclass(frozen=True, slots=True)
class Node:
    """One node with its id."""

    id: str
    kind: str
    inputs: dict[str, Any] = field(repr=False)

    def place(self, name: str) -> str:
        """How an input is named in "where from"."""
        return f"node {self.id} ({self.kind}), {name}"


@dataclass(frozen=True, slots=True)
class Step:
    """A node that a walk has come to, by which of its outputs."""

    node: Node
    slot: int


class Graph:
    """The nodes of a prompt graph."""

    def __init__(self, value: dict[str, Any], work: Work) -> None:
        self.work = work
        self.nodes: dict[str, Node] = {}
        for key, raw in value.items():
            kind = mapping(raw).get("class_type")
            if isinstance(kind, str) and len(self.nodes) < MAX_NODES:
                self.nodes[key[:40]] = Node(key[:40], kind[:80], mapping(raw.get("inputs")))

    def linked(self, node: Node, name: str) -> Step | None:
        """What an input is linked to; None for values and for links to nowhere."""
        link = node.inputs.get(name)
        if isinstance(link, list) and len(link) == 2 and isinstance(link[1], int):
            target = self.nodes.get(str(link[0])[:40])
            return Step(target, link[1]) if target else None
        return None

    def walk(
        self, start: Step | None, inputs: Callable[[Step], list[str] | None]
    ) -> Iterator[Step]:
        """Every node from `start` on against the links, nearest first, each once.

        Args:
            inputs: names of the inputs to follow from a node; None for all of them.
        """
        waiting = deque([start] if start else [])
        seen = {start.node.id} if start else set()
        while waiting:
            step = waiting.popleft()
            self.work.step()
            yield step
            names = inputs(step)
            for name in step.node.inputs if names is None else names:
                following = self.linked(step.node, name)
                if following and following.node.id not in seen:
                    seen.add(following.node.id)
                    waiting.append(following)

    def value(self, node: Node, name: str, kind: type) -> tuple[Any, str] | None:
        """An input's value and place, followed through nodes that only hand values on."""
        for _ in range(_MAX_HOPS):
            raw = node.inputs.get(name)
            if raw is None:
                return None
            step = self.linked(node, name)
            if step is None:
                return None if isinstance(raw, list | dict) else (raw, node.place(name))
            self.work.step()
            node = step.node
            name = next((key for key in _VALUE_KEYS[kind] if key in node.inputs), "")
            if not name:
                return None
        return None
