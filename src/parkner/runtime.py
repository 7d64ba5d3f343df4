"""The machine and the run: paths, device, seed, threads, logging, manifest (tier 0).

torch is imported inside the functions that need it, so that the module stays light.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parkner.errors import UsageError

if TYPE_CHECKING:
    import torch

PROJECT_ROOT = Path(__file__).resolve().parents[2]


def project_path(relative: str | Path) -> Path:
    """Finds a file that ships with the project (``configs/...``, ``models/...``).

    Looks in the working directory, then in the checkout that the package lies in, then beside the installed package.

    Raises:
        UsageError: If it is in none of them.
    """
    relative = Path(relative)
    candidates = (
        [relative]
        if relative.is_absolute()
        else [Path.cwd() / relative, PROJECT_ROOT / relative, Path(__file__).parent / "_data" / relative]
    )
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise UsageError(f"{relative}: no such file or folder here or in the project")


def cache_folder() -> Path:
    """Folder for what can be built again: ``$PARKNER_CACHE``, ``.cache/parkner`` of a checkout, or the user's cache."""
    if chosen := os.environ.get("PARKNER_CACHE"):
        return Path(chosen)
    if (PROJECT_ROOT / "pyproject.toml").is_file():
        return PROJECT_ROOT / ".cache" / "parkner"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "parkner"


def set_up_logging(verbose: bool = False) -> None:
    """Warnings of libraries and messages of parkner to standard error, one line each."""
    logging.basicConfig(
        level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    logging.getLogger("parkner").setLevel(logging.DEBUG if verbose else logging.INFO)


def share_the_cores() -> None:
    """Lets OpenMP threads sleep while they wait; to be called before torch is imported.

    By default they spin, which on cores that other jobs use too made a training step 13 times as slow (measured at a
    load of 6 on 2 cores: 12 s against 0.9 s). A user's own ``OMP_WAIT_POLICY`` is kept.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def pick_device(name: str = "auto") -> torch.device:
    """The torch device for a name: ``auto`` is the first GPU, else the CPU.

    Raises:
        UsageError: If the device is not there.
    """
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"device {name!r}: not a torch device name") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"device {name!r}: no CUDA device on this machine")
    return device


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 matrix products are done in hardware (Ampere or later; AVX512_BF16 or AMX on CPUs)."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    flags = _cpu_flags()
    return "amx_bf16" in flags or "avx512_bf16" in flags or "bf16" in flags


def _cpu_flags() -> frozenset[str]:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.lower().startswith(("flags", "features")):
                return frozenset(line.partition(":")[2].split())
    except OSError:
        pass
    return frozenset()


def set_threads(count: int) -> None:
    """Uses ``count`` CPU threads in torch; 0 leaves torch's own choice."""
    import torch

    if count > 0:
        torch.set_num_threads(count)


def sha256_of_text(text: str) -> str:
    """SHA-256 of the UTF-8 text, hexadecimal; names a text in stand-off files."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_commit() -> str | None:
    """The checkout's commit, with ``-dirty`` where files differ from it; None outside a checkout."""
    try:
        done = subprocess.run(
            ["git", "-C", str(PROJECT_ROOT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def run_manifest(config: Mapping[str, Any], data: Iterable[Path], **extra: Any) -> dict[str, Any]:
    """What is needed to tell, later, how a result came about.

    Args:
        config: The configuration as JSON-ready mapping.
        data: Files the run read; kept by name and SHA-256.
        extra: Further JSON-ready entries.
    """
    packages = {}
    for name in (
        "parkner",
        "torch",
        "transformers",
        "tokenizers",
        "datasets",
        "accelerate",
        "onnxruntime",
        "numpy",
    ):
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "commit": git_commit(),
        "config": dict(config),
        "data": [{"file": path.name, "sha256": sha256_of_file(path)} for path in data],
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": packages,
        **extra,
    }


def write_json(path: Path, value: Any) -> None:
    """Writes JSON in one step (a reader sees the old file or the new one, never half)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
