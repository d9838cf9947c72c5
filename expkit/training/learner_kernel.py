"""The kernel of learners: tabular training under any rule of learning and any exploration, compiled.

The kernel (`expkit.training.kernel`) trains the tutorial's agents and is made for speed; this one is made for many
rules. Its trials stand on the same arrays, and beside them lies what a learner carries from one step to the next. The
reference says the same in plain Python, byte for byte.

Arithmetic is + - * / and comparisons, but for Boltzmann's exp and UCB's log and sqrt. Whatever the compiled code calls
stands in this file: numba's cache does not notice changes in other ones. So a word is drawn here once more, in 64-bit
arithmetic, which runs as plain Python, too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from expkit.specs.metric import CURVE_WINDOWS
from expkit.training.kernel import Lanes, Table
from expkit.training.learners import (
    ADD,
    BOLTZMANN,
    CERTAINTY_EQUIVALENCE,
    DOUBLE_Q,
    DYNA_Q,
    EPSILON_GREEDY,
    EXPECTED_SARSA,
    KEEP,
    SARSA,
    UCB,
    Parameters,
)
from expkit.training.minds import MULTIPLIER, Minds
from expkit.training.streams import AGENT, ENVIRONMENT, STARTS

_HIGH, _LOW = np.uint64(MULTIPLIER >> 64), np.uint64(MULTIPLIER & (2**64 - 1))
_LOW_UPPER, _LOW_LOWER = np.uint64(int(_LOW) >> 32), np.uint64(int(_LOW) & (2**32 - 1))
_11, _32, _58, _63, _64 = (np.uint64(i) for i in (11, 32, 58, 63, 64))
_LOWER_HALF = np.uint64(2**32 - 1)
_2_53, _2_32 = 2.0**-53, 2.0**-32
_GENERATORS = 3 * 4  # words that hold the generators of streams 0 to 2 of one trial


def advance(
    table: Table,
    parameters: Parameters,
    lanes: Lanes,
    minds: Minds,
    *,
    first: int,
    last: int,
    steps: int,
    time_limit: int | None = None,
) -> None:
    """Takes steps `first` to `last` - 1 of a training of `steps` steps, in place. Releases the GIL."""
    _advance(*_arguments(table, parameters, lanes, minds, (first, last, steps, time_limit or 0)))


def _arguments(
    table: Table, parameters: Parameters, lanes: Lanes, minds: Minds, span: tuple[int, int, int, int]
) -> tuple[Any, ...]:
    schedule = parameters.schedule
    return (
        (
            int(table.actions),
            int(table.outcomes),
            int(table.entries),
            table.index_row,
            table.next_row,
            table.reward,
            table.threshold,
            table.start_threshold,
        ),
        (lanes.q.ravel(), lanes.visits.ravel(), lanes.sums.ravel(), lanes.row, lanes.generators.ravel()),
        tuple(array.ravel() for array in vars(minds).values()),
        (float(schedule.start), float(schedule.slope), schedule.length, float(schedule.end), schedule.decay),
        (
            parameters.rule,
            parameters.exploration,
            float(parameters.learning_rate),
            float(parameters.discount),
            parameters.planning_steps,
            parameters.replan_every,
        ),
        span,
    )


@njit(inline="never", error_model="numpy")  # type: ignore[untyped-decorator]
def _word(generators: Any, at: Any) -> Any:
    """The next word of the generator that begins at `at`, as `random_raw` gives it (XSL RR 128/64)."""
    high, low = generators[at], generators[at + 1]
    lower, upper = low & _LOWER_HALF, low >> _32
    cross = upper * _LOW_LOWER
    middle = lower * _LOW_UPPER + ((lower * _LOW_LOWER) >> _32)
    carried = (upper * _LOW_UPPER) + (cross >> _32) + (middle >> _32)
    carried += ((cross & _LOWER_HALF) + (middle & _LOWER_HALF)) >> _32
    high = carried + high * _LOW + low * _HIGH + generators[at + 2]
    low = low * _LOW + generators[at + 3]
    high += np.uint64(low < generators[at + 3])
    generators[at] = high
    generators[at + 1] = low
    mixed = high ^ low
    turn = high >> _58
    return (mixed >> turn) | (mixed << ((_64 - turn) & _63))


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _picked(half: Any, count: Any) -> Any:
    """The candidate, of some, that half a word picks."""
    return np.int64((half * np.uint64(count)) >> _32)


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _largest(values: Any, first: Any, count: Any) -> Any:
    best = values[first]
    for other in range(first + 1, first + count):
        best = values[other] if values[other] > best else best
    return best


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _one_of_the_largest(values: Any, first: Any, count: Any, half: Any) -> Any:
    """Its number; "not below the best" finds at least one even beside a NaN."""
    best = _largest(values, first, count)
    candidates = 0
    for i in range(count):
        if not values[first + i] < best:
            candidates += 1
    pick = _picked(half, candidates)
    for i in range(count):
        if not values[first + i] < best:
            if pick == 0:
                return i
            pick -= 1
    return 0  # never reached: the last candidate has been picked


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _value(q: Any, second: Any, entry: Any, rule: Any) -> Any:
    """What the learner holds an entry to be worth."""
    return (q[entry] + second[entry]) / 2.0 if rule == DOUBLE_Q else q[entry]


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _prefer(scores: Any, tables: Any, here: Any, rule: Any, exploration: Any, level: Any) -> None:
    """What each action in the state at `here` is chosen by: its value, its weight or its bound."""
    q, second, visits = tables
    actions = scores.size
    for action in range(actions):
        scores[action] = _value(q, second, here + action, rule)
    if exploration == BOLTZMANN:
        best = _largest(scores, 0, actions)
        for action in range(actions):
            scores[action] = math.exp((scores[action] - best) / level)
    elif exploration == UCB:
        total = 0
        for action in range(actions):
            total += visits[here + action]
        for action in range(actions):
            count = visits[here + action]
            scores[action] = math.inf if count == 0 else scores[action] + level * math.sqrt(math.log(total) / count)


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _choice(scores: Any, exploration: Any, level: Any, word: Any) -> Any:
    """The action that a word takes among preferred ones."""
    actions = scores.size
    if exploration == BOLTZMANN:
        total = 0.0
        for action in range(actions):
            total += scores[action]
        bar = np.float64(word >> _11) * _2_53 * total
        passed = 0.0
        for action in range(actions - 1):
            passed += scores[action]
            if bar < passed:
                return action
        return actions - 1
    if exploration == EPSILON_GREEDY and np.float64(word >> _32) * _2_32 < level:
        return _picked(word & _LOWER_HALF, actions)
    return _one_of_the_largest(scores, 0, actions, word & _LOWER_HALF)


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _mean(scores: Any, q: Any, there: Any, exploration: Any, level: Any) -> Any:
    """The mean entry of the state at `there` under the policy whose preferences are given."""
    actions = scores.size
    total, weight = 0.0, 0.0
    if exploration == BOLTZMANN:
        for action in range(actions):
            total += scores[action] * q[there + action]
            weight += scores[action]
        return total / weight
    if exploration == EPSILON_GREEDY:
        for action in range(actions):
            total += q[there + action]
        return level * (total / actions) + (1.0 - level) * _largest(q, there, actions)
    best = _largest(scores, 0, actions)
    for action in range(actions):
        if not scores[action] < best:
            total += q[there + action]
            weight += 1.0
    return total / weight


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _solve(
    tables: Any, own: Any, entries: Any, paid: Any, followed: Any, followed_count: Any, actions: Any, learning: Any
) -> None:
    """Value iteration in the world as one trial has counted it."""
    q, _, visits = tables
    outcomes = followed.size // q.size
    discount, sweeps = learning[3], learning[4]
    for _ in range(sweeps):
        for entry in range(own, own + entries):
            if visits[entry] > 0:
                future = 0.0
                for slot in range(entry * outcomes, (entry + 1) * outcomes):
                    if followed_count[slot] > 0 and followed[slot] >= 0:
                        future += followed_count[slot] * _largest(q, own + followed[slot], actions)
                q[entry] = paid[entry] / visits[entry] + discount * (future / visits[entry])


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _advance(table: Any, lanes: Any, minds: Any, schedule: Any, learning: Any, span: Any) -> None:
    actions, outcomes, entries, index_row, next_row, reward, threshold, start_threshold = table
    q, visits, sums, row, generators = lanes
    second, pending, pending_reward, levels, seen, seen_count, model_row, model_reward = minds[:8]
    followed, followed_count, began, further = minds[8:]
    start, slope, length, end, decay = schedule
    rule, exploration, learning_rate, discount, planning_steps, replan_every = learning
    first, last, steps, limit = span
    tables = (q, second, visits)
    scores = np.empty(actions)
    decayed = levels[0]
    for window in range(CURVE_WINDOWS):
        for t in range(max(first, window * steps // CURVE_WINDOWS), min(last, (window + 1) * steps // CURVE_WINDOWS)):
            level = start + slope * t if t < length else end
            if decay != 1.0:
                level = decayed
                decayed = max(decayed * decay, end)
            for lane in range(row.size):
                own, luck, state_row = lane * entries, lane * _GENERATORS, np.int64(row[lane])
                here = index_row[state_row]  # of here and there, only what the learner sees is looked up in its tables
                _prefer(scores, tables, own + here, rule, exploration, level)
                action = _choice(scores, exploration, level, _word(generators, luck + 4 * AGENT))
                entry = own + here + action
                if rule == SARSA and pending[lane] >= 0:
                    before = own + pending[lane]
                    q[before] += learning_rate * (pending_reward[lane] + discount * q[entry] - q[before])

                word = _word(generators, luck + 4 * ENVIRONMENT) >> _11
                outcome = (state_row + action) * outcomes
                for passed in range(outcomes - 1):
                    outcome += np.int64(word >= threshold[(state_row + action) * (outcomes - 1) + passed])
                there, gained = next_row[outcome], reward[outcome]
                visits[entry] += 1
                sums[lane * CURVE_WINDOWS + window] += gained
                cut = limit > 0 and there >= 0 and t + 1 - began[lane] == limit
                if there >= 0:
                    row[lane] = there
                    there = index_row[there]
                if there < 0 or cut:
                    began[lane] = t + 1
                    word = _word(generators, luck + 4 * STARTS) >> _11
                    state = 0
                    while word >= start_threshold[state]:
                        state += 1
                    row[lane] = state * actions

                if rule == DOUBLE_Q:
                    word = _word(further, lane * 4)
                    learning_one, other = (second, q) if word >> _63 else (q, second)
                    future = 0.0
                    if there >= 0:
                        best = _one_of_the_largest(learning_one, own + there, actions, word & _LOWER_HALF)
                        future = other[own + there + best]
                    learning_one[entry] += learning_rate * (gained + discount * future - learning_one[entry])
                elif rule == SARSA and there >= 0 and not cut:
                    pending[lane] = here + action
                    pending_reward[lane] = gained
                elif rule == CERTAINTY_EQUIVALENCE:
                    model_reward[entry] += gained
                    slot = entry * outcomes
                    while followed_count[slot] > 0 and followed[slot] != there:
                        slot += 1
                    followed[slot] = there
                    followed_count[slot] += 1
                    if (t + 1) % replan_every == 0:
                        _solve(tables, own, entries, model_reward, followed, followed_count, actions, learning)
                elif rule == ADD:
                    q[entry] += gained
                elif rule == KEEP:
                    pass
                else:
                    pending[lane] = -1
                    future = 0.0
                    if there >= 0 and rule in (SARSA, EXPECTED_SARSA):  # SARSA: where the episode was cut off
                        _prefer(scores, tables, own + there, rule, exploration, level)
                        future = _mean(scores, q, own + there, exploration, level)
                    elif there >= 0:
                        future = _largest(q, own + there, actions)
                    q[entry] += learning_rate * (gained + discount * future - q[entry])

                if rule == DYNA_Q:
                    if visits[entry] == 1:
                        seen[own + seen_count[lane]] = here + action
                        seen_count[lane] += 1
                    model_row[entry] = there
                    model_reward[entry] = gained
                    for _ in range(planning_steps):
                        thought = own + seen[own + _picked(_word(further, lane * 4) >> _32, seen_count[lane])]
                        future = 0.0
                        if model_row[thought] >= 0:
                            future = _largest(q, own + model_row[thought], actions)
                        q[thought] += learning_rate * (model_reward[thought] + discount * future - q[thought])
    for lane in range(row.size):
        levels[lane] = decayed
