"""The long run of a finite Markov chain, by elimination in a fixed order: gain and bias of every node.

States are eliminated from the highest to the lowest, and the probability of leaving a state is the sum of where it
goes instead of one minus where it stays (Grassmann, Taksar and Heyman, 1985): nothing is subtracted, so nothing
cancels. Rows are sparse. Only + - * / on Python floats, in an order that the table alone decides: the same numbers on
every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Row = dict[int, float]
"""Probability by next node; positive entries only."""


@dataclass(frozen=True, kw_only=True)
class LongRun:
    """What a chain comes to, node by node."""

    gain: list[float]
    """Average reward per unit of time, starting in the node."""
    bias: list[float]
    """Reward beyond the gain that starting in the node brings; 0 in the lowest node of each recurrent class."""


def long_run(rows: Sequence[Row], reward: Sequence[float], time: Sequence[float]) -> LongRun:
    """Gain and bias of a chain with any number of recurrent classes.

    rows: transition probabilities of each node; reward: expected reward of a visit; time: how long a visit takes, 1
    or 0. Within a recurrent class the gain is the expected reward of a cycle from its lowest node back to it, over
    the cycle's expected time. A gain beyond the range of doubles comes out as inf or nan.

    Raises:
        FloatingPointError: a node that is left with a probability below the smallest double.
    """
    anchors = [min(component) for component in closed_components(rows)]
    eliminated = _eliminate(rows, set(anchors))

    cycle_reward, cycle_time = _collect(eliminated, reward), _collect(eliminated, time)
    gain = [0.0] * len(rows)
    for anchor in anchors:
        gain[anchor] = cycle_reward[anchor] / cycle_time[anchor]
    for step in reversed(eliminated):
        gain[step.node] = expectation(step.onwards, gain) / step.leaving

    surplus = _collect(eliminated, [r - g * t for r, g, t in zip(reward, gain, time, strict=True)])
    bias = [0.0] * len(rows)
    for step in reversed(eliminated):
        bias[step.node] = (surplus[step.node] + expectation(step.onwards, bias)) / step.leaving
    return LongRun(gain=gain, bias=bias)


def expectation(row: Row, values: Sequence[float]) -> float:
    """The row's probabilities times the values, added in the row's order: `sum` adds otherwise from Python 3.12 on."""
    total = 0.0
    for node, p in row.items():
        total += p * values[node]
    return total


@dataclass(frozen=True)
class _Elimination:
    """One node taken out of the chain: who came to it, and where it went among the nodes that were left."""

    node: int
    leaving: float
    onwards: Row
    incoming: list[tuple[int, float]]


def _eliminate(rows: Sequence[Row], keep: set[int]) -> list[_Elimination]:
    left = [dict(row) for row in rows]
    sources: list[dict[int, None]] = [{} for _ in rows]
    for node, row in enumerate(left):
        for target in row:
            sources[target][node] = None
    steps = []
    for node in reversed(range(len(rows))):
        if node in keep:
            continue
        onwards = left[node]
        onwards.pop(node, None)
        leaving = 0.0
        for p in onwards.values():
            leaving += p
        if leaving == 0.0:
            raise FloatingPointError("a way through the table is less likely than the smallest double: no exact gain")
        incoming = [(source, left[source].pop(node)) for source in sources[node] if source != node]
        for target in onwards:
            del sources[target][node]
        for source, p in incoming:
            for target, q in onwards.items():
                left[source][target] = left[source].get(target, 0.0) + p * (q / leaving)
                sources[target][source] = None
        steps.append(_Elimination(node, leaving, onwards, incoming))
    return steps


def _collect(steps: Sequence[_Elimination], amounts: Sequence[float]) -> list[float]:
    """What each node collects, expected, until the next visit to a node that outlived it."""
    collected = list(amounts)
    for step in steps:
        each_visit = collected[step.node] / step.leaving
        for source, p in step.incoming:
            collected[source] += p * each_visit
    return collected


def closed_components(rows: Sequence[Row]) -> list[list[int]]:
    """The recurrent classes: strongly connected components that nothing leaves."""
    components = connected_components(rows)
    component_of = {node: number for number, component in enumerate(components) for node in component}
    return [
        component
        for number, component in enumerate(components)
        if all(component_of[target] == number for node in component for target in rows[node])
    ]


def connected_components(rows: Sequence[Iterable[int]]) -> list[list[int]]:
    """The strongly connected components of a graph, whose rows are nodes' successors (Tarjan, 1972, no recursion)."""
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    component_of: dict[int, int] = {}
    stack: list[int] = []
    components: list[list[int]] = []
    for root in range(len(rows)):
        if root in order:
            continue
        path = [(root, iter(rows[root]))]
        order[root] = lowest[root] = len(order)
        stack.append(root)
        while path:
            node, targets = path[-1]
            for target in targets:
                if target not in order:
                    order[target] = lowest[target] = len(order)
                    stack.append(target)
                    path.append((target, iter(rows[target])))
                    break
                if target not in component_of:
                    lowest[node] = min(lowest[node], order[target])
            else:
                path.pop()
                if path:
                    parent = path[-1][0]
                    lowest[parent] = min(lowest[parent], lowest[node])
                if lowest[node] == order[node]:
                    component: list[int] = []
                    while not component or component[-1] != node:
                        component.append(stack.pop())
                        component_of[component[-1]] = len(components)
                    components.append(component)
    return components
