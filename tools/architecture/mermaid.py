"""From a graph to Mermaid: one view of everything, and one of each stack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tools.architecture.graph import Edge, Graph, Node
    from tools.architecture.templates import Place

WHOLE: Final = "whole"
# What a view of everything does without: where failures go.
_DETAILS: Final = {"alarms", "queue"}
_NO_WORD: Final = re.compile(r"\W+")
# From left to right, labels need room: two of them would meet halfway otherwise.
_ACROSS: Final = '%%{init: {"flowchart": {"nodeSpacing": 45, "rankSpacing": 75}}}%%\nflowchart LR'
_DOWN: Final = "flowchart TB"
# The label's brackets, then the colours: dark on light, so that they read on a light page and on a dark one.
_SHAPES: Final[Mapping[str, tuple[str, str, str]]] = {
    "alarms": (">", "]", "fill:#fde2e1,stroke:#b3261e"),
    "api": ("([", "])", "fill:#e3dcfa,stroke:#5b3cc4"),
    "bucket": ("[(", ")]", "fill:#d5f0da,stroke:#1b7a35"),
    "bus": ("[[", "]]", "fill:#fbd9ea,stroke:#b0246e"),
    "event": (">", "]", "fill:#fff5fa,stroke:#b0246e"),
    "function": ("(", ")", "fill:#ffe3c2,stroke:#b85c00"),
    "identity": ("[/", "\\]", "fill:#fde2e1,stroke:#b3261e"),
    "machine": ("{{", "}}", "fill:#fbd9ea,stroke:#b0246e"),
    "outside": ("[", "]", "fill:#f0f0f0,stroke:#8a8a8a,stroke-width:3px,stroke-dasharray:6 4"),
    "parameter": ("[/", "/]", "fill:#e6e6e6,stroke:#5f5f5f"),
    "queue": ("[", "]", "fill:#fff3c4,stroke:#8a6d00"),
    "record": ("[", "]", "fill:#e6e6e6,stroke:#5f5f5f"),
    "role": ("{{", "}}", "fill:#fff0f0,stroke:#b3261e"),
    "secret": ("[/", "/]", "fill:#e6e6e6,stroke:#5f5f5f"),
    "stream": ("[[", "]]", "fill:#d9f2f5,stroke:#0b6b78"),
    "table": ("[(", ")]", "fill:#d6e6fb,stroke:#1f5fb0"),
}


def views(graph: Graph) -> dict[str, str]:
    """Return the text of each view, by its name: `WHOLE`, and each stack's."""
    return {WHOLE: _whole(graph)} | {stack: _stack(graph, stack) for stack in graph.stacks}


def _whole(graph: Graph) -> str:
    """Draw what the stacks have to do with each other, and the APIs; the rest is in each stack's own view."""
    edges = [
        edge for edge in graph.edges if not {graph.nodes[edge.source].kind, graph.nodes[edge.target].kind} & _DETAILS
    ]
    across = [edge for edge in edges if edge.source.stack != edge.target.stack]
    shown = {place for edge in across for place in (edge.source, edge.target)}
    shown |= {place for place, node in graph.nodes.items() if node.kind == "api"}
    return _drawn(_DOWN, graph, shown, [edge for edge in edges if {edge.source, edge.target} <= shown])


def _stack(graph: Graph, stack: str) -> str:
    """Draw a stack with those parts of other stacks that it has to do with; alarms where their topic stands."""
    edges = [
        edge
        for edge in graph.edges
        if stack == edge.target.stack or (stack == edge.source.stack and graph.nodes[edge.target].kind != "alarms")
    ]
    own = {place for place in graph.nodes if place.stack == stack}
    return _drawn(_ACROSS, graph, own.union(*({edge.source, edge.target} for edge in edges)), edges)


def _drawn(opening: str, graph: Graph, shown: set[Place], edges: Sequence[Edge]) -> str:
    shown = shown | {within for place in shown if (within := graph.nodes[place].within)}
    return "\n".join([opening, *_nodes(graph, shown), *_edges(edges), *_classes(graph, shown)])


def _nodes(graph: Graph, shown: set[Place]) -> Iterator[str]:
    for stack in graph.stacks:
        nodes = [node for place, node in graph.nodes.items() if place.stack == stack and place in shown]
        if nodes:
            yield f"  subgraph {stack}[{stack} stack]"
            for node in nodes:
                if node.within is None:
                    parts = [part for part in nodes if part.within == node.place]
                    yield from (f"    {line}" for line in _node(node, parts))
            yield "  end"
            yield f"  style {stack} fill:none,stroke:#888888"


def _node(node: Node, parts: Sequence[Node]) -> Iterator[str]:
    if not parts:
        yield f"{_id(node.place)}{_shape(node)}:::{node.kind}"
        return
    yield f'subgraph {_id(node.place)}["<b>{node.title}</b>"]'
    yield "  direction LR"
    yield from (f"  {_id(part.place)}{_shape(part)}:::{part.kind}" for part in parts)
    yield "end"
    # Translucent: lines cross it, which are dark on a light page and light on a dark one.
    yield f"style {_id(node.place)} {_SHAPES[node.kind][2]},fill-opacity:0.2"


def _shape(node: Node) -> str:
    opening, closing, _ = _SHAPES[node.kind]
    return f'{opening}"{_text(f"<b>{node.title}</b>", node.subtitle)}"{closing}'


def _edges(edges: Iterable[Edge]) -> Iterator[str]:
    merged: dict[tuple[Place, Place, bool], list[str]] = {}
    for edge in edges:
        merged.setdefault((edge.source, edge.target, edge.dotted), []).append(edge.label)
    for (source, target, dotted), labels in merged.items():
        text = _text(*labels)
        label = f'|"{text}"|' if text else ""
        yield f"  {_id(source)} {'-.->' if dotted else '-->'}{label} {_id(target)}"


def _classes(graph: Graph, shown: set[Place]) -> Iterator[str]:
    for kind in sorted({graph.nodes[place].kind for place in shown}):
        yield f"  classDef {kind} {_SHAPES[kind][2]},color:#1a1a1a"


def _id(place: Place) -> str:
    return f"{place.stack}_{_NO_WORD.sub('_', place.name)}"


def _text(*lines: str) -> str:
    return "<br>".join(filter(None, lines)).replace("\n", "<br>").replace('"', "#quot;")
