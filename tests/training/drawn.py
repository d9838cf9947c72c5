"""What property tests of training draw: tables and agents of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from expkit.specs.agent import (
    Accountant,
    Agent,
    Bootstrapping,
    CertaintyEquivalence,
    DoubleQ,
    Drunkard,
    DynaQ,
    Epsilon,
    ExpectedSarsa,
    Gambler,
    QLearning,
    Sarsa,
)
from expkit.specs.environment import Dungeon
from expkit.specs.experiment import Streams
from expkit.specs.exploration import (
    Boltzmann,
    Constant,
    ConstantTemperature,
    EpsilonGreedy,
    Exploration,
    Exponential,
    ExponentialTemperature,
    Linear,
    LinearTemperature,
    Ucb,
)
from expkit.training.agents import Simple
from expkit.training.compile import compile_environment
from expkit.training.learners import streams_of
from expkit.training.mdp import Mdp
from expkit.training.streams import seeding_words
from expkit.training.train import Trials, train_on

KEY = "5f" * 32
ROOT = 2026


@st.composite
def tables(draw: st.DrawFn) -> Mdp:
    """Dungeons of every rule, and random tables with episodes, impossible outcomes and rewards that round."""
    if draw(st.booleans()):
        return compile_environment(
            Dungeon(
                kind="dungeon",
                length=draw(st.integers(2, 6)),
                slip=draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])),
                reward_rule=draw(st.sampled_from(["bump", "landing", "entry"])),
            )
        )
    shape = (draw(st.integers(1, 5)), draw(st.integers(1, 4)), draw(st.integers(1, 3)))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    weight = random.integers(0, 4, shape).astype(float)
    weight[..., -1] += weight.sum(axis=2) == 0
    start = random.integers(0, 3, shape[0]).astype(float)
    start[-1] += start.sum() == 0
    return Mdp(
        next_state=random.integers(0, shape[0], shape),
        reward=random.normal(size=shape) * random.integers(0, 2, shape),
        probability=weight / weight.sum(axis=2, keepdims=True),
        terminal=random.random(shape) < draw(st.sampled_from([0.0, 0.3])),
        start=start / start.sum(),
    )


schedules = st.builds(
    Epsilon,
    start=st.sampled_from([0.0, 0.3, 1.0]),
    end=st.sampled_from([0.0, 0.05, 1.0]),
    fraction=st.sampled_from([1e-9, 0.37, 1.0]),
)
simple_agents: st.SearchStrategy[Simple] = st.one_of(
    st.just(Drunkard(kind="drunkard")),
    st.just(Accountant(kind="accountant")),
    st.builds(
        Gambler,
        kind=st.just("gambler"),
        learning_rate=st.sampled_from([0.01, 0.1, 0.25, 1.0]),
        discount=st.sampled_from([0.0, 0.95, 1.0]),
        initial_value=st.sampled_from([0.0, 5.0, -3.3]),
        epsilon=schedules,
    ),
)


chances = st.sampled_from([0.0, 0.05, 1.0])
epsilons = st.one_of(
    st.builds(Linear, kind=st.just("linear"), start=chances, end=chances, fraction=st.sampled_from([1e-9, 0.37, 1.0])),
    st.builds(
        Exponential,
        kind=st.just("exponential"),
        start=st.sampled_from([0.5, 1.0]),
        decay=st.sampled_from([0.9, 0.999]),
        end=st.sampled_from([0.0, 0.05]),
    ),
    st.builds(Constant, kind=st.just("constant"), value=chances),
)
warmths = st.sampled_from([0.5, 3.0])
temperatures = st.one_of(
    st.builds(LinearTemperature, kind=st.just("linear"), start=warmths, end=warmths),
    st.builds(ExponentialTemperature, kind=st.just("exponential"), start=warmths, decay=st.just(0.99)),
    st.builds(ConstantTemperature, kind=st.just("constant"), value=warmths),
)
explorations: st.SearchStrategy[Exploration] = st.one_of(
    st.builds(EpsilonGreedy, kind=st.just("epsilon_greedy"), epsilon=epsilons),
    st.builds(Boltzmann, kind=st.just("boltzmann"), temperature=temperatures),
    st.builds(Ucb, kind=st.just("ucb"), c=st.sampled_from([0.0, 1.0])),
)
common: dict[str, st.SearchStrategy[Any]] = {
    "learning_rate": st.sampled_from([0.1, 1.0]),
    "discount": st.sampled_from([0.0, 0.95]),
    "initial_value": st.sampled_from([0.0, 5.0]),
    "exploration": explorations,
}
learners: st.SearchStrategy[Bootstrapping] = st.one_of(
    st.builds(QLearning, kind=st.just("q_learning"), **common),
    st.builds(Sarsa, kind=st.just("sarsa"), **common),
    st.builds(ExpectedSarsa, kind=st.just("expected_sarsa"), **common),
    st.builds(DoubleQ, kind=st.just("double_q"), **common),
    st.builds(DynaQ, kind=st.just("dyna_q"), planning_steps=st.integers(0, 4), **common),
    st.builds(
        CertaintyEquivalence,
        kind=st.just("certainty_equivalence"),
        replan_every=st.sampled_from([1, 7]),
        sweeps=st.integers(1, 3),
        **{name: drawn for name, drawn in common.items() if name != "learning_rate"},
    ),
)
agents: st.SearchStrategy[Agent] = st.one_of(simple_agents, learners)


def trained(
    mdp: Mdp, agent: Agent, steps: int, seeds: list[int], streams: Streams = "independent", **how: Any
) -> Trials:
    """Trials of a few seeds."""
    words = seeding_words(ROOT, KEY, streams, seeds, count=streams_of(agent))
    return train_on(mdp, agent, steps=steps, words=words, seeds=seeds, **how)
