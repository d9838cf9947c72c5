"""The kernel: tabular training of a few trials side by side, compiled.

One loop for all agents and all tables. Trials advance in lockstep, because one step of one trial is a chain of
dependent loads and additions that leaves most of the processor idle; eight chains fill it. Everything a trial is
lives in arrays, so that a training can be cut into blocks of steps anywhere. `expkit.training.reference` says the
same in plain Python, byte for byte.

Arithmetic is + - * / and comparisons, without fastmath. Whatever the compiled code calls stands in this file: numba's
cache does not notice changes in other ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from expkit.specs.metric import CURVE_WINDOWS
from expkit.training.agents import ADD, Q_LEARNING, Learner
from expkit.training.mdp import Mdp
from expkit.training.streams import AGENT, ENVIRONMENT, STARTS

LANES = 8
"""Trials side by side: enough to keep one core busy; more gain nothing."""

_MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645  # of PCG64's 128-bit linear congruential generator
_ZERO, _ONE, _TWO, _THREE, _FOUR = (np.uint64(i) for i in range(5))
_GENERATORS = np.uint64(3 * 4)  # words that hold one trial's generators
_ENVIRONMENT, _AGENT, _STARTS = (np.uint64(4 * number) for number in (ENVIRONMENT, AGENT, STARTS))
_WINDOWS = np.uint64(CURVE_WINDOWS)
_11, _31, _32, _58, _63, _64 = (np.uint64(i) for i in (11, 31, 32, 58, 63, 64))
_LOWER_HALF = np.uint64(2**32 - 1)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A transition table, laid out for the kernel. A row is a state's offset in a flat [states * actions] table."""

    actions: np.uint64
    outcomes: np.uint64
    entries: np.uint64
    """Entries of a Q-table: rows times actions."""
    index_row: NDArray[np.int64]
    """int64 [states * actions]; the offset in a Q-table of what is at a row of this one. Where every state has a row
    of its own, the kernel takes it to be the same."""
    next_row: NDArray[np.int64]
    """int64 [states * actions * outcomes]; the next state's row, or -1 where the outcome is terminal."""
    reward: NDArray[np.float64]
    """float64 [states * actions * outcomes]."""
    threshold: NDArray[np.uint64]
    """uint64 [states * actions * (outcomes - 1)]; a word whose upper 53 bits reach it passes the outcome over."""
    start_threshold: NDArray[np.uint64]
    """uint64 [states]."""

    @classmethod
    def of(cls, mdp: Mdp) -> Table:
        """The layout of a table."""
        next_row = np.where(mdp.terminal, -1, mdp.next_state * mdp.actions)
        return cls(
            actions=np.uint64(mdp.actions),
            outcomes=np.uint64(mdp.next_state.shape[2]),
            entries=np.uint64(mdp.indices * mdp.actions),
            index_row=np.repeat(mdp.index * mdp.actions, mdp.actions),
            next_row=next_row.ravel(),
            reward=mdp.reward.ravel(),
            threshold=_thresholds(mdp.probability)[:, :, :-1].ravel(),
            start_threshold=_thresholds(mdp.start),
        )


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """Trials in training: everything that is carried from one block of steps to the next."""

    q: NDArray[np.float64]
    """float64 [trials, states * actions]."""
    visits: NDArray[np.int64]
    """int64 [trials, states * actions]."""
    sums: NDArray[np.float64]
    """float64 [trials, windows]; the reward in each window of the curve."""
    row: NDArray[np.uint64]
    """uint64 [trials]; the row of the current state."""
    generators: NDArray[np.uint64]
    """uint64 [trials, 3 streams, 4]; a PCG64's state and increment, upper half first."""

    def part(self, first: int, last: int) -> Lanes:
        """Some of the trials, sharing their memory."""
        return Lanes(**{name: array[first:last] for name, array in vars(self).items()})


def begin(mdp: Mdp, table: Table, learner: Learner, seeding_words: NDArray[np.uint64]) -> Lanes:
    """Trials before their first step, each in its start state. `seeding_words`: uint64 [trials, 3 streams, 4]."""
    trials, entries = len(seeding_words), mdp.indices * mdp.actions
    lanes = Lanes(
        q=np.full((trials, entries), learner.initial_value, dtype=np.float64),
        visits=np.zeros((trials, entries), dtype=np.int64),
        sums=np.zeros((trials, CURVE_WINDOWS)),
        row=np.zeros(trials, dtype=np.uint64),
        generators=np.empty((trials, 3, 4), dtype=np.uint64),
    )
    _seed(seeding_words, lanes.generators.ravel(), lanes.row, table.start_threshold, table.actions)
    return lanes


def advance(table: Table, learner: Learner, lanes: Lanes, *, first: int, last: int, steps: int) -> None:
    """Takes steps `first` to `last` - 1 of a training of `steps` steps, in place. Releases the GIL."""
    _advance(*_arguments(table, learner, lanes, first, last, steps))


def _arguments(table: Table, learner: Learner, lanes: Lanes, first: int, last: int, steps: int) -> tuple[Any, ...]:
    return (
        (
            table.actions,
            table.outcomes,
            table.entries,
            table.next_row,
            table.reward,
            table.threshold,
            table.start_threshold,
        ),
        (lanes.q.ravel(), lanes.visits.ravel(), lanes.sums.ravel(), lanes.row, lanes.generators.ravel()),
        (learner.epsilon_start, learner.epsilon_slope, learner.epsilon_steps, learner.epsilon_end),
        (learner.rule, float(learner.learning_rate), float(learner.discount)),
        (first, last, steps),
    )


def _thresholds(probability: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Cumulative probabilities along the last axis, as integers to hold a word's upper 53 bits against.

    (w >> 11) * 2**-53 >= c exactly when w >> 11 >= ceil(2**53 * c). From the last positive probability on it is 2**53,
    which no word reaches.
    """
    cumulative = np.cumsum(probability, axis=-1)  # left to right, as cumsum is defined
    last = probability.shape[-1] - 1 - np.argmax(probability[..., ::-1] > 0, axis=-1, keepdims=True)
    return np.where(np.arange(probability.shape[-1]) < last, np.ceil(cumulative * 2.0**53), 2.0**53).astype(np.uint64)


@intrinsic  # type: ignore[untyped-decorator]
def _congruential(context: Any, high: Any, low: Any, add_high: Any, add_low: Any) -> Any:
    """(high, low) * multiplier + (add_high, add_low) modulo 2**128: numba has no integer that wide, LLVM has."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide, narrow = ir.IntType(128), ir.IntType(64)
        sixty_four = ir.Constant(wide, 64)
        halves = [builder.zext(half, wide) for half in arguments]
        state = builder.or_(builder.shl(halves[0], sixty_four), halves[1])
        increment = builder.or_(builder.shl(halves[2], sixty_four), halves[3])
        following = builder.add(builder.mul(state, ir.Constant(wide, _MULTIPLIER)), increment)
        upper = builder.trunc(builder.lshr(following, sixty_four), narrow)
        return context.make_tuple(builder, signature.return_type, [upper, builder.trunc(following, narrow)])

    return types.UniTuple(types.uint64, 2)(*[types.uint64] * 4), build


@njit(forceinline=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _word(generators: Any, at: Any) -> Any:
    """The next word of the generator that begins at `at`, as `random_raw` gives it (XSL RR 128/64)."""
    high, low = _congruential(generators[at], generators[at + _ONE], generators[at + _TWO], generators[at + _THREE])
    generators[at] = high
    generators[at + _ONE] = low
    mixed = high ^ low
    turn = high >> _58
    return (mixed >> turn) | (mixed << ((_64 - turn) & _63))


@njit(forceinline=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _start_row(generators: Any, at: Any, start_threshold: Any, actions: Any) -> Any:
    """The row of a start state, drawn with one word."""
    word = _word(generators, at) >> _11
    state = _ZERO
    while word >= start_threshold[state]:
        state += _ONE
    return state * actions


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _seed(seeding_words: Any, generators: Any, row: Any, start_threshold: Any, actions: Any) -> None:
    """Seeds every generator as PCG64 does and draws every trial's first state."""
    for lane in range(np.uint64(row.size)):
        for stream in range(_THREE):
            high, low = seeding_words[lane, stream, _TWO], seeding_words[lane, stream, _THREE]
            add_high, add_low = (high << _ONE) | (low >> _63), (low << _ONE) | _ONE
            low = seeding_words[lane, stream, _ONE] + add_low
            high = seeding_words[lane, stream, _ZERO] + add_high + np.uint64(low < add_low)
            high, low = _congruential(high, low, add_high, add_low)
            at = lane * _GENERATORS + stream * _FOUR
            generators[at], generators[at + _ONE] = high, low
            generators[at + _TWO], generators[at + _THREE] = add_high, add_low
        row[lane] = _start_row(generators, lane * _GENERATORS + _STARTS, start_threshold, actions)


@njit(forceinline=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _upper_bound(epsilon: Any) -> Any:
    """ceil(2**32 * epsilon): h * 2**-32 < epsilon exactly when h is below it."""
    scaled = epsilon * 4294967296.0
    whole = np.int64(scaled)
    return np.uint64(whole + np.int64(whole < scaled))


@njit(forceinline=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _choice(q: Any, here: Any, actions: Any, word: Any, exploring: Any) -> Any:
    """The action taken in the state whose entries begin at `here`.

    Explores if the word's upper half is below `exploring`.
    """
    explore = (word >> _32) < exploring
    if actions == _TWO:  # without a branch on anything random: a wrongly predicted one costs as much as half a step
        coin = (word >> _31) & _ONE
        larger = np.uint64(q[here] < q[here + _ONE])
        at_least = np.uint64(not q[here + _ONE] < q[here])
        return coin if explore else larger | (at_least & coin)
    if explore:
        return ((word & _LOWER_HALF) * actions) >> _32
    best = q[here]
    for action in range(_ONE, actions):
        best = q[here + action] if q[here + action] > best else best
    candidates = _ZERO  # "not below the best" finds at least one even beside a NaN
    for action in range(actions):
        candidates += np.uint64(not q[here + action] < best)
    pick = ((word & _LOWER_HALF) * candidates) >> _32
    for action in range(actions):
        if not q[here + action] < best:
            if pick == _ZERO:
                return action
            pick -= _ONE
    return _ZERO  # never reached: the last candidate has been picked


@njit(forceinline=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _walk(actions: Any, outcomes: Any, table: Any, lanes: Any, schedule: Any, learning: Any, span: Any) -> None:
    """Steps `span` of all lanes; `actions` and `outcomes` may be constants, which unrolls every loop over them."""
    entries, next_row, reward, threshold, start_threshold = table[2:]
    q, visits, sums, row, generators = lanes
    epsilon_start, epsilon_slope, epsilon_steps, epsilon_end = schedule
    rule, learning_rate, discount = learning
    first, last, steps = span
    collected = np.empty(row.size)
    for window in range(CURVE_WINDOWS):
        for lane in range(np.uint64(row.size)):
            collected[lane] = sums[lane * _WINDOWS + np.uint64(window)]
        for t in range(max(first, window * steps // CURVE_WINDOWS), min(last, (window + 1) * steps // CURVE_WINDOWS)):
            epsilon = epsilon_start + epsilon_slope * t if t < epsilon_steps else epsilon_end
            exploring = _upper_bound(epsilon)
            own = luck = _ZERO
            for lane in range(np.uint64(row.size)):
                here = row[lane]
                action = _choice(q, own + here, actions, _word(generators, luck + _AGENT), exploring)
                entry = here + action

                word = _word(generators, luck + _ENVIRONMENT) >> _11
                outcome = _ZERO
                for passed in range(outcomes - _ONE):
                    outcome += np.uint64(word >= threshold[entry * (outcomes - _ONE) + passed])
                there = next_row[entry * outcomes + outcome]
                gained = reward[entry * outcomes + outcome]

                future = 0.0
                if there < 0:
                    row[lane] = _start_row(generators, luck + _STARTS, start_threshold, actions)
                else:
                    row[lane] = there
                    future = q[own + np.uint64(there)]
                    for other in range(_ONE, actions):
                        value = q[own + np.uint64(there) + other]
                        future = value if value > future else future

                if rule == Q_LEARNING:
                    q[own + entry] += learning_rate * (gained + discount * future - q[own + entry])
                elif rule == ADD:
                    q[own + entry] += gained
                visits[own + entry] += 1
                collected[lane] += gained
                own += entries
                luck += _GENERATORS
        for lane in range(np.uint64(row.size)):
            sums[lane * _WINDOWS + np.uint64(window)] = collected[lane]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _advance(table: Any, lanes: Any, schedule: Any, learning: Any, span: Any) -> None:
    actions, outcomes = table[:2]
    if actions == _TWO and outcomes == _TWO:  # what most small worlds are: compiled for these constants
        _walk(_TWO, _TWO, table, lanes, schedule, learning, span)
    else:
        _walk(actions, outcomes, table, lanes, schedule, learning, span)
