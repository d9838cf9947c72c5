from __future__ import annotations

import importlib
import sys
import threading

import numpy as np
import pytest

from expkit.errors import ExecutorFailed
from expkit.specs.agent import OwnAgent, QLearning
from expkit.specs.environment import Dungeon
from expkit.specs.exploration import Constant, EpsilonGreedy
from expkit.training.compile import compile_environment
from expkit.training.mdp import Mdp
from expkit.training.sources import (
    OwnCodeFailed,
    Sources,
    keep_sources,
    kept_sources,
    sources_from_bytes,
    sources_to_bytes,
)
from expkit.training.train import Trials
from tests.training.drawn import trained

DUNGEON = compile_environment(Dungeon(kind="dungeon"))
GREEDY = """\
class Greedy:
    # Q-learning, epsilon-greedy with 0.2, in lists
    def __init__(self, states, actions, steps, luck, discount=0.95):
        self.q = [[0.0] * actions for _ in range(states)]
        self.discount, self.luck = discount, luck

    def act(self, state, explore, choose):
        best = max(self.q[state])
        among = range(len(self.q[state]))
        if explore >= 0.2:
            among = [action for action, entry in enumerate(self.q[state]) if not entry < best]
        return among[int(choose * len(among))]

    def learn(self, state, action, reward, next_state, terminal):
        future = 0.0 if terminal else max(self.q[next_state])
        self.q[state][action] += 0.1 * (reward + self.discount * future - self.q[state][action])
"""


def own(text: str = GREEDY, **kwargs: object) -> OwnAgent:
    """An agent whose module is kept."""
    sources = Sources(entry="mine:Greedy", files={"mine.py": text.encode()})
    return OwnAgent.model_validate(
        {"kind": "python", "make": "mine:Greedy", "kwargs": kwargs, "digest": keep_sources(sources)}
    )


def in_the_dungeon(old: str = "", new: str = "", **how: int) -> Trials:
    """Two seeds of an agent in which something is written otherwise."""
    assert old in GREEDY
    return trained(DUNGEON, own(GREEDY.replace(old, new) if old else GREEDY), 200, [3, 4], **how)


def episodes() -> Mdp:
    """Two states, three actions, three outcomes, ends and two starts."""
    random = np.random.default_rng(5)
    shape = (2, 3, 3)
    return Mdp(
        next_state=random.integers(0, 2, shape),
        reward=random.normal(size=shape),
        probability=np.broadcast_to([0.5, 0.0, 0.5], shape),
        terminal=random.random(shape) < 0.4,
        start=[0.25, 0.75],
    )


@pytest.mark.parametrize("mdp", [DUNGEON, episodes()], ids=["dungeon", "episodes"])
def test_q_learning_of_ones_own_gives_the_bytes_of_expkits(mdp: Mdp) -> None:
    """The luck is the same, word by word: tables, visits, curves, metrics, and digests."""
    exploration = EpsilonGreedy(kind="epsilon_greedy", epsilon=Constant(kind="constant", value=0.2))
    expected = trained(mdp, QLearning(kind="q_learning", exploration=exploration), 300, [2, 3, 4])
    assert trained(mdp, own(), 300, [2, 3, 4]).trial_digests == expected.trial_digests


def test_neither_blocks_nor_company_change_a_trial() -> None:
    """Ten seeds, more than stand side by side, in blocks of 37 steps."""
    whole = trained(DUNGEON, own(discount=0.5), 200, list(range(10)))
    for seed in (0, 9):
        assert trained(DUNGEON, own(discount=0.5), 200, [seed], block_steps=37).trial_digests == (
            whole.trial_digests[seed],
        )


def test_further_luck_is_the_seeds_own() -> None:
    """Numbers in [0, 1), other ones for every seed, the same in every run."""
    old = "        self.discount, self.luck"
    tables = [in_the_dungeon(old, f"        self.q[0] = [luck(), luck()]\n{old}").q for _ in range(2)]
    assert tables[0].tobytes() == tables[1].tobytes()
    assert not np.array_equal(tables[0][0], tables[0][1])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "        best = ",
            "        1 / 0\n        best = ",
            r"mine:Greedy: mine\.py:8: ZeroDivisionError",
        ),
        ("return among[int(choose * len(among))]", "return 7", "ValueError: act chose 7; the actions are 0 to 1"),
        ("return among[int(choose * len(among))]", "return 0.5", "TypeError: 'float' object cannot be interpreted"),
        ("range(states)", "range(3)", r"IndexError"),
        ("    def learn", "    q = None\n    def forget", "AttributeError: 'Greedy' object has no attribute 'learn'"),
        ("class Greedy", "class Other", "AttributeError: module 'mine' has no attribute 'Greedy'"),
        ("luck, discount", "luck, rate, discount", r"TypeError: .*missing 1 required positional argument: 'rate'"),
        (
            "            among = [",
            "            self.q.append([0, 0])\n            among = [",
            r"q has shape \[\d+, 2\], not",
        ),
    ],
)
def test_code_that_fails_says_where(old: str, new: str, said: str) -> None:
    """What failed is the batch, not a seed: nothing is recorded that other code would yield otherwise."""
    with pytest.raises(OwnCodeFailed, match=said):
        in_the_dungeon(old, new)


def test_a_table_that_is_not_finite_is_a_failed_seed() -> None:
    """As for every agent."""
    trials = in_the_dungeon("0.1 * (", "1e308 * (")
    assert set(trials.failed) == {3, 4}


def test_agents_are_made_while_other_threads_import() -> None:
    """Neither finds a module missing, nor another's: own modules never stand where all others are looked for."""
    texts = {"mine.py": b"import beside\nGreedy = beside.NUMBER\n"}
    made = [
        Sources(entry="mine:Greedy", files={**texts, "beside.py": f"NUMBER = {number}".encode()}) for number in (1, 2)
    ]
    wrong: list[object] = []
    done, interval = threading.Event(), sys.getswitchinterval()

    def make(sources: Sources, number: int) -> None:
        while not done.is_set():
            try:
                with sources.running() as meant:
                    wrong.extend([] if meant == number else [meant])
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=make, args=(sources, place + 1)) for place, sources in enumerate(made)]
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for _ in range(1500):
            sys.modules.pop("colorsys", None)
            importlib.import_module("colorsys")
    except Exception as error:
        wrong.append(error)
    finally:
        done.set()
        sys.setswitchinterval(interval)
        for thread in threads:
            thread.join()
    assert not wrong


def test_modules_find_each_other_by_every_way_of_importing() -> None:
    """Dotted names, other names, relative ones; a name that is imported too late says so, and prints go aside."""
    files = {
        "lab/__init__.py": b"",
        "lab/deep/one.py": b"from __future__ import annotations\nfrom ..two import TWO\nimport dataclasses\n"
        b"@dataclasses.dataclass\nclass One:\n    two: int = TWO\n",
        "lab/two.py": b"TWO = 2\n",
        "mine.py": b"import lab.deep.one, lab.two as two\nfrom lab import deep\nfrom lab.deep.one import One\n"
        b"def meant():\n    return One().two, lab.deep is deep, two.TWO, One.__name__\n"
        b"def late():\n    import lab.late\n",
    }
    with Sources(entry="mine:meant", files=files).running() as meant:
        assert meant() == (2, True, 2, "One")
    late = Sources(entry="mine:late", files=files)
    with late.running() as meant:
        with pytest.raises(ModuleNotFoundError) as lacking:
            meant()
        assert late.told(lacking.value) == "mine.py:7: ModuleNotFoundError: No module named 'lab.late'"
    with pytest.raises(ImportError, match=r"lab\.late is imported too late: its import belongs at the top"):
        meant()


@pytest.mark.parametrize("place", ["class Greedy", "        self.q = ", "        best = ", "        future = "])
def test_whoever_leaves_the_process_fails_like_any_other(place: str) -> None:
    """While its module is imported, when it is made, when it acts, and when it learns."""
    indent = place[: len(place) - len(place.lstrip())]
    with pytest.raises(OwnCodeFailed, match=r"mine\.py:\d+: SystemExit: 0"):
        in_the_dungeon(place, f"{indent}import sys; sys.exit(0)\n{place}")


def test_what_it_prints_is_none_of_expkits_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output may be read by machines."""
    in_the_dungeon("class Greedy", "print('made')\nclass Greedy")
    assert capsys.readouterr() == ("", "made\n")


def test_modules_travel_as_bytes() -> None:
    """In any encoding, under their digest; without them, nothing is trained."""
    sources = Sources(entry="mine:Greedy", files={"mine.py": "# -*- coding: latin-1 -*- ä".encode("latin-1")})
    again = sources_from_bytes(sources_to_bytes(sources))
    assert (again.digest, again.files) == (sources.digest, sources.files)
    with pytest.raises(ExecutorFailed, match="the modules of mine:Greedy are not here: version 000000000000"):
        kept_sources("0" * 64, "mine:Greedy")
    with pytest.raises(ValueError, match="no modules"):
        sources_from_bytes(b"[]")
