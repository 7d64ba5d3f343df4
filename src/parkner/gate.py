"""Scores a run is held to: ``micro.f1=0.88`` as a floor, or as the most that may be lost (tier 4)."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from parkner.metrics import METRICS, MODES, Scores
from parkner.spans import UsageError

FAIL_UNDER, MAX_DROP = "fail-under", "max-drop"

ScoreTable = Mapping[str, Mapping[str, Scores]]


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition.

    Attributes:
        kind: ``fail-under``: the score must reach ``limit``; ``max-drop``: it may lie at most ``limit`` below the
            baseline's.
        mode: ``strict``, ``exact``, ``partial`` or ``type``.
        target: ``micro``, ``macro`` or a label.
        metric: ``precision``, ``recall`` or ``f1``.
        limit: In [0, 1].
    """

    kind: Literal["fail-under", "max-drop"]
    mode: str
    target: str
    metric: str
    limit: float

    @property
    def name(self) -> str:
        """As on the command line: ``micro.f1``, ``partial.PARK.recall``."""
        mode = "" if self.mode == "strict" else f"{self.mode}."
        return f"{mode}{self.target}.{self.metric}"


@dataclass(frozen=True, slots=True)
class GateResult:
    """A gate and what was found.

    Attributes:
        value: The score now.
        baseline: The baseline's score (``max-drop`` only).
        passed: Whether the gate holds.
    """

    gate: Gate
    value: float
    baseline: float | None
    passed: bool

    @property
    def message(self) -> str:
        """One line: the gate, the score, and by how much it holds or not."""
        gate = self.gate
        if gate.kind == FAIL_UNDER:
            sign = ">=" if self.passed else "<"
            # 0.87996 must not be shown as "0.8800 < 0.88".
            digits = 4 if self.passed or round(self.value, 4) < gate.limit else 8
            return f"{gate.name} is {self.value:.{digits}f} {sign} {gate.limit:g} (--fail-under)"
        assert self.baseline is not None
        change = self.value - self.baseline
        sign = "within" if self.passed else "more than"
        return (
            f"{gate.name} is {self.value:.4f}, baseline {self.baseline:.4f}, change {change:+.4f}: "
            f"{sign} the {gate.limit:g} it may drop (--max-drop)"
        )


def parse_gate(text: str, kind: Literal["fail-under", "max-drop"]) -> Gate:
    """Reads ``[mode.]target.metric=limit``; a label may hold dots.

    Raises:
        UsageError: If the text has another form; quotes it.
    """
    where = f"--{kind} {text}"
    name, equals, number = text.rpartition("=")
    target, dot, metric = name.strip().rpartition(".")
    if not equals or not dot or not target:
        raise UsageError(
            f"{where}: needs the form micro.f1=0.85 (micro, macro or a label; {', '.join(METRICS)})"
        )
    if metric not in METRICS:
        raise UsageError(f"{where}: unknown metric {metric!r}{_near(metric, METRICS)}")
    mode, dot, rest = target.partition(".")
    if not (dot and mode in MODES and rest):
        mode, rest = "strict", target
    try:
        limit = float(number)
    except ValueError:
        raise UsageError(f"{where}: {number!r} is not a number") from None
    if not 0 <= limit <= 1:
        raise UsageError(f"{where}: scores lie between 0 and 1, not {number.strip()}")
    return Gate(kind, mode, rest, metric, limit)


def check_gates(
    gates: Sequence[Gate], current: ScoreTable, compared: tuple[ScoreTable, ScoreTable] | None = None
) -> list[GateResult]:
    """Holds scores against gates.

    Args:
        gates: The conditions.
        current: Scores by mode and target (`Evaluation.scores`).
        compared: The same of this run and of the baseline on the documents that both have (`Comparison.scores`);
            needed for ``max-drop``.

    Raises:
        UsageError: If a target is neither ``micro``, ``macro`` nor a label of the scores, or the baseline is missing.
    """
    results = []
    for gate in gates:
        known = list(current[gate.mode])
        if gate.target not in known:
            raise UsageError(
                f"--{gate.kind} {gate.name}: no {gate.target!r} in gold or predictions"
                f"{_near(gate.target, known)}; there are {', '.join(known)}"
            )
        value = float(getattr(current[gate.mode][gate.target], gate.metric))
        if gate.kind == FAIL_UNDER:
            results.append(GateResult(gate, value, None, value >= gate.limit))
            continue
        if compared is None:
            raise UsageError(f"--max-drop {gate.name}: needs --baseline")
        # A label that the baseline never saw cannot have dropped.
        value, before = (
            float(getattr(side[gate.mode][gate.target], gate.metric))
            if gate.target in side[gate.mode]
            else 0.0
            for side in compared
        )
        # A drop of exactly the limit passes; 0.86 - 0.85 is a little more than 0.01 in binary.
        results.append(GateResult(gate, value, before, before - value <= gate.limit + 1e-12))
    return results


def _near(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else ""
