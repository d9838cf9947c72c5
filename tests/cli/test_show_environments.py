from __future__ import annotations

import pytest

from expkit.cli.environments import environments_json, print_environments
from expkit.plan import plan
from tests.project.test_environments import TABLE, experiment, files


def test_a_table_is_shown_once_for_each_time_limit(capsys: pytest.CaptureFixture[str]) -> None:
    """With the limit in what is declared, and the arms that are under it; the digest is the same."""
    declared = files(
        environment=f"{TABLE}, time_limit: 20",
        arms=", endless: {agent: {kind: drunkard}, environment: {time_limit: null}}, same: {agent: {kind: drunkard}}",
    )
    arms = plan(experiment(declared), lambda *_: frozenset())
    limited, unlimited = environments_json(arms)
    assert limited["environment_digest"] == unlimited["environment_digest"]
    assert limited["declared"]["time_limit"] == 20
    assert limited["arms"] == ["coin/gambler", "coin/same"]
    assert "time_limit" not in unlimited["declared"]
    assert unlimited["arms"] == ["coin/endless"]
    print_environments(arms)
    assert "time_limit 20" in capsys.readouterr().out
