"""``junit.xml``: gates and labels as test cases, which every CI shows (tier 4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from parkner.evaluation import Evaluation
from parkner.gate import GateResult

# XML 1.0 has no way to write these, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(evaluation: Evaluation, gates: Sequence[GateResult] = ()) -> str:
    """JUnit XML: suite ``gates`` with a case for every gate, suite ``labels`` with a case for every label.

    A label's case fails where a gate of this label is broken, so that the label is seen at a glance.
    """
    root = ElementTree.Element("testsuites", name="parkner evaluate")
    suite = _suite(root, "gates", len(gates), sum(not result.passed for result in gates))
    for result in gates:
        case = _case(suite, "parkner.gates", f"{result.gate.kind} {result.gate.name}={result.gate.limit:g}")
        _finish(case, result.message, [] if result.passed else [result])
    broken = {
        label: [r for r in gates if r.gate.target == label and not r.passed] for label in evaluation.labels
    }
    suite = _suite(root, "labels", len(evaluation.labels), sum(map(bool, broken.values())))
    for label in evaluation.labels:
        score = evaluation.scores["strict"][label]
        line = (
            f"strict precision {score.precision:.4f} recall {score.recall:.4f} f1 {score.f1:.4f} "
            f"support {score.support} predicted {score.predicted}"
        )
        _finish(_case(suite, "parkner.labels", label), line, broken[label])
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(root: ElementTree.Element, name: str, tests: int, failures: int) -> ElementTree.Element:
    return ElementTree.SubElement(
        root, "testsuite", name=name, tests=str(tests), failures=str(failures), errors="0", skipped="0"
    )


def _case(suite: ElementTree.Element, classname: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=classname, name=_clean(name), time="0")


def _finish(case: ElementTree.Element, line: str, broken: Sequence[GateResult]) -> None:
    if broken:
        message = "; ".join(result.message for result in broken)
        ElementTree.SubElement(case, "failure", message=_clean(message), type="gate").text = _clean(message)
    ElementTree.SubElement(case, "system-out").text = _clean(line)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
