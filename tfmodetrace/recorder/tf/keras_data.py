"""What of Keras's data adapters is not public: where it waits for the workers of a PyDataset."""

from __future__ import annotations

import importlib
from typing import Any, Final

from tfmodetrace.recorder.tf import replacements

_ADAPTER: Final = ("keras.src.trainers.data_adapters.py_dataset_adapter", "PyDatasetAdapter", "_get_iterator")


class WorkersHook:
    """Sees the iterators from which tf.data takes what the workers of a PyDataset have made.

    Keras switches tf.data's own statistics off for these, and nothing is made beforehand behind them: how long such an iterator takes for
    an element is how long the step has waited. In Keras 3.10 to 3.15; where it is missing, that is not known.

    Args:
        replaced: Puts it back.
    """

    def __init__(self, replaced: replacements.Replacements) -> None:
        self._replaced = replaced

    def install(self, around: Any) -> bool:
        """Has ``around`` made of each iterator; returns whether this Keras has the place."""
        module, name, method = _ADAPTER
        try:
            kind = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            return False

        def make(original: Any) -> Any:
            def get_iterator(adapter: Any) -> Any:
                iterator = original(adapter)
                return iterator if getattr(adapter, "enqueuer", None) is None else around(iterator)

            return get_iterator

        return isinstance(kind, type) and self._replaced.replace(kind, method, make)
