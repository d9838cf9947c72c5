"""The example of a new project: one experiment in the dungeon, and one question with two hypotheses, explained."""

from __future__ import annotations

EXPERIMENT = """\
# yaml-language-server: $schema=../schemas/experiment.schema.json
#
# An experiment says what runs: an environment, a trainer, the arms to compare, and the seeds each arm is repeated over.
# It holds no hypotheses; those stand in the questions that draw on it. See it in full: expkit show strategies

id: strategies  # the name of this file
title: Drunkard, accountant and gambler in the dungeon

environment:
  kind: dungeon  # five tiles in a row: FORWARD moves one on, BACKWARD returns to the first
  length: 5
  slip: 0.1  # how often the opposite action takes effect
  small_reward: 2  # for going back
  large_reward: 10  # at the far end
  reward_rule: bump  # what the large reward is paid for

trainer:
  kind: tabular  # expkit's own training loop; a program of yours is {{kind: command, ...}}
  steps: 10000  # of one trial

arms:  # the configurations to compare
  drunkard:
    agent: {{kind: drunkard}}  # acts at random
  accountant:
    agent: {{kind: accountant}}  # adds up what each action paid, and takes the better one
  gambler:
    agent: {{kind: gambler, learning_rate: 0.1, discount: 0.95}}  # Q-learning, from always exploring to never

seeds:
  # All randomness comes from here. These digits were drawn at random by expkit init: no other project has them, and
  # nobody has seen what they bring. Another root is another sample.
  root: {root}
  count: 50  # of every arm; choose before the run, as seeds that are added after it make its verdicts exploratory
"""

QUESTION = """\
# yaml-language-server: $schema=../../schemas/question.schema.json
#
# A question says what we want to know, and what we claim before we look. Commit it before its experiments run: only
# then are its verdicts confirmatory. Whatever is claimed or moved after that is exploratory, a lead and no test.

id: rq01  # the name of this folder
title: Looking ahead in the dungeon
question: Does an agent that looks ahead earn more in the dungeon than one that takes what pays at once?
scope: The dungeon of experiments/strategies.yaml and its three agents, 10 000 steps. Nothing beyond them.

experiments: [strategies]  # files in experiments/

# The hypotheses of a question share one risk of a wrong decision.
family: {alpha: 0.05, correction: holm}

hypotheses:
  - id: h1
    statement: The gambler earns at least a fifth more than the accountant.
    rationale: The large reward lies four tiles ahead; an accountant stays where the first coins were.
    experiment: strategies
    criterion:
      kind: ratio  # treatment divided by control; difference and value are the other kinds
      metric: total_reward  # one number per seed: all that was earned, exploration included
      treatment: gambler
      control: accountant
      at_least: 1.2  # the region that is claimed: at_least, at_most, or within: [low, high]

  - id: h2
    statement: The accountant earns about as much as the drunkard, give or take 1000.
    rationale: Both are blind to what lies ahead.
    experiment: strategies
    criterion:
      kind: difference  # treatment minus control
      metric: total_reward
      treatment: accountant
      control: drunkard
      within: [-1000, 1000]
"""
