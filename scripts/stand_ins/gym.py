"""A pole on a cart, in place of the package of that name, as far as a program that learns to balance it needs one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_SECONDS = 0.02


class _CartPole:
    """The equations of Barto, Sutton and Anderson (1983)."""

    def reset(self, seed: int | None = None) -> npt.NDArray[np.float32]:
        if seed is not None:
            self._random = np.random.default_rng(seed)
        self._state = self._random.uniform(-0.05, 0.05, 4)
        return self._state.astype(np.float32)

    def step(self, action: int) -> tuple[npt.NDArray[np.float32], float, bool, bool, dict[str, object]]:
        place, speed, angle, turning = self._state
        pushed = (10.0 if action else -10.0) + 0.05 * turning**2 * np.sin(angle)
        pushed /= 1.1
        turns = (9.8 * np.sin(angle) - np.cos(angle) * pushed) / (0.5 * (4 / 3 - 0.1 * np.cos(angle) ** 2 / 1.1))
        moves = pushed - 0.05 * turns * np.cos(angle) / 1.1
        self._state = np.array([place + _SECONDS * speed, speed + _SECONDS * moves, angle + _SECONDS * turning, turning + _SECONDS * turns])
        fell = bool(abs(self._state[0]) > 2.4 or abs(self._state[2]) > 0.2095)
        return self._state.astype(np.float32), 1.0, fell, False, {}


def make(_name: str, **_options: object) -> _CartPole:
    """Returns the one thing that there is here."""
    return _CartPole()
