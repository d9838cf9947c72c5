"""A trained agent as an MLflow model: states in, actions out.

MLflow keeps this file as source and executes it when the model is loaded: nothing is pickled. It needs numpy and the
file `q_table.npz`, and knows nothing of expkit.
"""

from typing import Any

import numpy as np
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class QPolicy:
    """The greedy policy of a Q-table. Of several equally good actions one is drawn, each equally often.

    An agent that learns nothing, like the drunkard, has a table of zeros, on which this is to act at random.
    """

    def load_context(self, context: Any) -> None:
        """Read the table: `q`, float64 [states, actions]."""
        with np.load(context.artifacts["q_table"], allow_pickle=False) as file:
            self.q = file["q"]
        self.luck = np.random.default_rng()

    # without annotations, which MLflow would take for a schema
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        """The action in each state: int64 [n]. `model_input` is a list, an array or a data frame of n state numbers."""
        states = np.asarray(model_input).reshape(-1)
        wrong = states[(states < 0) | (states >= len(self.q)) | (states != np.floor(states))]
        if len(wrong):
            raise ValueError(f"there is no state {wrong[0]}; the states are 0 to {len(self.q) - 1}")
        q = self.q[states.astype(np.int64)]
        best = q == q.max(axis=1, keepdims=True)
        return np.where(best, self.luck.random(q.shape), -1.0).argmax(axis=1)


class QPolicyModel(QPolicy, PythonModel):  # type: ignore[misc]  # mlflow ships no usable types
    """The same as MLflow takes it: of a class of its own it would demand the annotations."""


set_model(QPolicyModel())
