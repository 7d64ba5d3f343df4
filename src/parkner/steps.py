"""Work in steps that are not done twice (tier 1)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from parkner.runtime import sha256_of_file, write_json


class StepError(Exception):
    """A step ended with an exit code other than 0, which is ``code``."""

    def __init__(self, name: str, code: int) -> None:
        """Keeps name and code."""
        super().__init__(f"step {name!r} ended with exit code {code}")
        self.code = code


class Steps:
    """Runs steps once: what a step read is remembered by its hash, and the step is skipped while it is the same."""

    def __init__(self, folder: Path, console: Console, *, code: Sequence[Path] = ()) -> None:
        """Opens a folder of work, and the ``steps.json`` in it.

        Args:
            folder: Made if missing.
            console: Where to say what is done.
            code: Files that every step depends on.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "steps.json"
        self._done: dict[str, str] = json.loads(self._file.read_text()) if self._file.is_file() else {}
        self._console = console
        self._code = [sha256_of_file(path) for path in code]

    def run(
        self,
        name: str,
        inputs: Sequence[Path],
        outputs: Sequence[Path],
        work: Callable[[], int],
        *,
        options: str = "",
    ) -> None:
        """Runs ``work`` unless its inputs, options and the code are as they were and its outputs exist.

        Raises:
            StepError: If ``work`` returns another exit code than 0.
        """
        seen = [*self._code, *(sha256_of_file(path) for path in inputs), options]
        digest = hashlib.sha256("".join(seen).encode()).hexdigest()
        if self._done.get(name) == digest and all(path.exists() for path in outputs):
            self._console.print(f"[dim]{name}: as before, reused[/dim]")
            return
        self._console.rule(f"[bold]{name}", align="left")
        started = time.monotonic()
        if code := work():
            raise StepError(name, code)
        self._console.print(f"[dim]{name}: {time.monotonic() - started:.1f} s[/dim]")
        self._done[name] = digest
        write_json(self._file, self._done)
