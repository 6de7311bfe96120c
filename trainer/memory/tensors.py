"""Tensors alive, where they were made, and what the graphs behind them keep.

tracemalloc sees of a tensor only the Python object around it: its numbers lie in torch's own
memory. So the garbage collector is asked for the objects, tracemalloc for the line where each was
made, and torch for the bytes. A loss kept by mistake has four bytes, and holds its whole graph: the
activations saved for the way back are counted to the tensor that leads to them.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from torch import Tensor

from .lines import birthplace

NODE_BYTES = 600
"""A graph's node without saved tensors: 571 to 645 bytes of USS measured per node (torch 2.13, a
chain of 200,000 additions or multiplications).
"""

MOST_NODES = 500_000
"""Nodes looked at; a larger graph is counted up to here only."""


@dataclass(slots=True)
class Kept:
    """Tensors made in one line.

    Args:
        count: How many are alive.
        host_bytes: In main memory: their numbers, saved activations and graph nodes.
        gpu_bytes: On GPUs.
    """

    count: int = 0
    host_bytes: int = 0
    gpu_bytes: int = 0

    def add(self, storage: tuple[int, bool]) -> None:
        """Adds the bytes of a storage that is (or is not) on a GPU."""
        size, on_gpu = storage
        if on_gpu:
            self.gpu_bytes += size
        else:
            self.host_bytes += size


def live_tensors() -> list[Tensor]:
    """All tensors that Python knows of."""
    things = gc.get_objects()
    # Types are asked, and each once: objects are many, and some answer isinstance() with code.
    kinds = {kind for kind in set(map(type, things)) if issubclass(kind, Tensor)}
    return [thing for thing in things if type(thing) in kinds]


def count_tensors(tensors: Iterable[Tensor]) -> dict[str, Kept]:
    """Counts tensors and what they hold by the line where each was made.

    Storages that several share, and nodes that several graphs share, are counted once. What a graph
    has saved counts to the tensor at its end: without it, it would be free.
    """
    placed = [(tensor, birthplace(tensor)) for tensor in tensors]
    sites: dict[str, Kept] = defaultdict(Kept)
    storages: set[int] = set()
    nodes: set[Any] = set()
    for tensor, place in placed:
        sites[place].count += 1
        if tensor.is_leaf and tensor.requires_grad:  # weights are nobody's activations
            sites[place].add(_new_bytes(tensor, storages))
    for tensor, place in _graph_ends(placed):
        for node in _new_nodes(tensor.grad_fn, nodes):
            sites[place].host_bytes += NODE_BYTES
            for saved in _saved_tensors(node):
                sites[place].add(_new_bytes(saved, storages))
    for tensor, place in placed:
        sites[place].add(_new_bytes(tensor, storages))
    return dict(sites)


def _graph_ends(placed: Iterable[tuple[Tensor, str]]) -> list[tuple[Tensor, str]]:
    """Tensors whose graph no other one's contains."""
    computed = [(tensor, place) for tensor, place in placed if tensor.grad_fn is not None]
    seen: set[Any] = set()
    inner: set[Any] = set()
    for tensor, _ in computed:
        for node in _new_nodes(tensor.grad_fn, seen):
            inner.update(following for following, _ in node.next_functions)
    return [(tensor, place) for tensor, place in computed if tensor.grad_fn not in inner]


def _new_bytes(tensor: Tensor, seen: set[int]) -> tuple[int, bool]:
    """Bytes of a tensor's storage, 0 if it was seen before; and whether they are on a GPU."""
    on_gpu = tensor.device.type not in ("cpu", "meta")
    try:
        storage = tensor.untyped_storage()
        address = storage.data_ptr()
    except (NotImplementedError, RuntimeError):  # sparse and other layouts without one storage
        return 0, on_gpu
    # What cannot be resized and is not shared was lent by numpy, whose memory tracemalloc sees.
    lent = not on_gpu and not storage.resizable() and not storage.is_shared()
    if lent or address == 0 or address in seen:
        return 0, on_gpu
    seen.add(address)
    return storage.nbytes(), on_gpu


def _new_nodes(root: Any, seen: set[Any]) -> Iterator[Any]:
    """Nodes of the graph behind `root` that were not seen before."""
    waiting = [root]
    while waiting and len(seen) < MOST_NODES:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        yield node
        waiting += [following for following, _ in node.next_functions]


def _saved_tensors(node: Any) -> Iterator[Tensor]:
    for name in _saved_names(node.__class__):
        # Freed by backward(), or overwritten since by the optimiser: then it holds nothing.
        with suppress(RuntimeError):
            value = getattr(node, name)
            for one in value if isinstance(value, tuple | list) else (value,):
                if isinstance(one, Tensor):
                    yield one


@cache
def _saved_names(kind: type) -> tuple[str, ...]:
    """Attributes of a kind of node that may hold tensors saved for backward()."""
    if hasattr(kind, "saved_tensors"):  # written in Python
        return ("saved_tensors",)
    return tuple(name for name in dir(kind) if name.startswith("_saved_"))
