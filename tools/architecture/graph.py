"""What is drawn: nodes and the edges between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tools.architecture.templates import Place


@dataclass(frozen=True, kw_only=True)
class Node:
    """Something that a reader cares about.

    Attributes
    ----------
    place
        Where it stands.
    kind
        What it is, and so which shape it has (`tools.architecture.mermaid`).
    title, subtitle
        What is written into it.
    within
        The node that it is a part of.
    """

    place: Place
    kind: str
    title: str
    subtitle: str = ""
    within: Place | None = None


@dataclass(frozen=True, order=True)
class Edge:
    """A relation between two nodes.

    Attributes
    ----------
    source, target
        The nodes.
    label
        What it is.
    dotted
        Whether it is about failures rather than work.
    """

    source: Place
    target: Place
    label: str = ""
    dotted: bool = False


@dataclass(frozen=True)
class Graph:
    """Everything that is drawn.

    Attributes
    ----------
    stacks
        Names of the stacks.
    nodes
        By place.
    edges
        Those between the nodes.
    """

    stacks: Sequence[str]
    nodes: Mapping[Place, Node]
    edges: Sequence[Edge]
