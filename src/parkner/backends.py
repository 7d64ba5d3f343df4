"""Where the network runs: ONNX Runtime or torch, behind one call (tier 2).

A backend maps a padded batch of windows to logits. ONNX needs no torch.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from parkner.model_folder import ONNX_MODEL
from parkner.spans import ModelError, UsageError

Ints = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
BackendName = Literal["auto", "onnx", "torch"]


class Backend(Protocol):
    """A network that scores tags.

    Attributes:
        name: What runs where, for logs: ``onnx-int8``, ``torch-bf16-cpu``, ...
        max_batch_pieces: Most padded pieces (batch times longest) that are worth one call.
        concurrency: How many calls at a time, from as many threads, are worth while.
    """

    name: str
    max_batch_pieces: int
    concurrency: int

    def logits(self, input_ids: Ints, attention_mask: Ints) -> Scores:
        """Tag logits.

        Args:
            input_ids: *Shape* (batch, seq), padded.
            attention_mask: 1 for pieces, 0 for padding, same shape.

        Returns:
            *Shape* (batch, seq, tags), float32.
        """
        ...


class OnnxBackend:
    """ONNX Runtime on CPUs."""

    # Dynamic int8 scales activations over a whole batch: one window a call, so that what a window gives does not
    # depend on its neighbours. Each core has a window of its own: threads that share one wait for each other at every
    # small step and, spinning, take twice the processor time for it (docs/benchmarks.md).
    max_batch_pieces = 0

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        """Loads a model.

        Args:
            path: An ``.onnx`` file.
            threads: CPU threads; 0 for one a core.

        Raises:
            ModelError: If the file cannot be loaded.
        """
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises its own family, all derived from Exception only
            raise ModelError(f"{path}: ONNX Runtime cannot load it: {str(error).splitlines()[0]}") from None
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self.concurrency = threads or len(os.sched_getaffinity(0))
        self.name = f"onnx-{'int8' if 'int8' in path.name else 'fp32'}"

    def logits(self, input_ids: Ints, attention_mask: Ints) -> Scores:
        """See `Backend.logits`."""
        feed = {"input_ids": input_ids, "attention_mask": attention_mask}
        if "token_type_ids" in self._inputs:
            feed["token_type_ids"] = np.zeros_like(input_ids)
        out: Scores = self._session.run(["logits"], feed)[0].astype(np.float32, copy=False)
        return out


class TorchBackend:
    """torch on CPUs or one GPU; bf16 where the machine does it in hardware."""

    concurrency = 1  # torch spreads a batch over the cores itself, and a GPU takes one after the other

    def __init__(
        self,
        model: Any,
        *,
        device: str = "auto",
        precision: Literal["auto", "bf16", "fp32"] = "auto",
        threads: int = 0,
    ) -> None:
        """Moves a token classifier to its device.

        Args:
            model: A transformers token classifier, in eval mode afterwards.
            device: ``auto``, ``cpu``, ``cuda``, ...
            precision: ``auto`` is bf16 where the device has it, else fp32.
            threads: CPU threads; 0 for torch's own choice.
        """
        import torch

        from parkner.runtime import has_fast_bf16, pick_device, set_threads

        set_threads(threads)
        self._torch = torch
        self.device = pick_device(device)
        self._model = model.to(self.device).eval()
        self._bf16 = precision == "bf16" or (precision == "auto" and has_fast_bf16(self.device))
        self.name = f"torch-{'bf16' if self._bf16 else 'fp32'}-{self.device.type}"
        self.max_batch_pieces = 4096  # more gains nothing on CPUs
        if self.device.type == "cuda":
            self.max_batch_pieces = pieces_that_fit(torch.cuda.mem_get_info(self.device)[0], model.config)

    @classmethod
    def from_folder(cls, folder: Path, **options: Any) -> TorchBackend:
        """Loads a model directory (safetensors only); options as for the constructor."""
        return cls(load_token_classifier(folder), **options)

    def logits(self, input_ids: Ints, attention_mask: Ints) -> Scores:
        """See `Backend.logits`. Halves the batch, again and again, where the GPU runs out of memory."""
        torch = self._torch
        try:
            return self._forward(input_ids, attention_mask)
        except torch.cuda.OutOfMemoryError:
            if len(input_ids) == 1:
                raise UsageError(
                    f"one window of {input_ids.shape[1]} pieces does not fit into the GPU's memory"
                ) from None
        torch.cuda.empty_cache()
        self.max_batch_pieces = max(1, self.max_batch_pieces // 2)
        half = len(input_ids) // 2
        return np.concatenate(
            [self.logits(input_ids[part], attention_mask[part]) for part in (slice(half), slice(half, None))]
        )

    def _forward(self, input_ids: Ints, attention_mask: Ints) -> Scores:
        torch = self._torch
        inputs = {
            key: torch.from_numpy(np.ascontiguousarray(value))
            for key, value in (("input_ids", input_ids), ("attention_mask", attention_mask))
        }
        if self.device.type == "cuda":
            inputs = {key: t.pin_memory().to(self.device, non_blocking=True) for key, t in inputs.items()}
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16):
            logits = self._model(**inputs).logits
        out: Scores = logits.float().cpu().numpy()
        return out


def pieces_that_fit(free_bytes: int, config: Any) -> int:
    """Padded pieces for one call that take about half of a GPU's free memory; `TorchBackend.logits` backs off further.

    Args:
        free_bytes: Free memory.
        config: The network's configuration, as transformers has it.

    Returns:
        Pieces (batch times longest), at least a window and at most 2**18: more no longer makes a GPU faster.
    """
    hidden = int(config.hidden_size)
    inner = int(getattr(config, "intermediate_size", 4 * hidden))
    heads = int(getattr(config, "num_attention_heads", 1))
    longest = int(getattr(config, "max_position_embeddings", 512))
    # What lives at once in one layer, two bytes a number: queries, keys, values, output and residuals (8 rows of
    # hidden size), the inner layer before and after its activation, scores and weights of attention where they are
    # not fused away.
    piece = 2 * (8 * hidden + 2 * inner + 2 * heads * min(longest, 512))
    return max(512, min(2**18, free_bytes // 2 // piece))


def load_token_classifier(folder: Path) -> Any:
    """The torch network of a model directory, in float32 on the CPU: safetensors only, no code out of the folder.

    Raises:
        ModelError: If it cannot be loaded; names the folder.
    """
    import torch
    from transformers import AutoModelForTokenClassification

    try:
        return AutoModelForTokenClassification.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False, local_files_only=True
        )
    except Exception as error:  # transformers, safetensors and json each raise their own
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))
        raise ModelError(f"{folder}: the model cannot be loaded: {reason}") from error


def open_backend(
    folder: Path, name: BackendName = "auto", *, device: str = "auto", threads: int = 0
) -> Backend:
    """The backend for a model directory.

    Args:
        folder: A model directory.
        name: ``onnx``, ``torch``, or ``auto``: torch on a GPU where there is one, else ONNX where the folder has an
            ONNX model, else torch. On CPUs int8 is the fastest, and its output does not depend on how
            windows are batched (docs/benchmarks.md).
        device: Device for torch.
        threads: CPU threads; 0 for the library's own choice.

    Raises:
        UsageError: If the backend is not installed or the folder lacks what it needs.
    """
    onnx_path = next((folder / n for n in (ONNX_MODEL, "model.onnx") if (folder / n).is_file()), None)
    has_torch = importlib.util.find_spec("torch") is not None
    if name == "auto":
        wants_gpu = device.startswith("cuda") or (device == "auto" and has_torch and _has_gpu(onnx_path))
        name = "torch" if wants_gpu or onnx_path is None else "onnx"
    if name == "onnx":
        if onnx_path is None:
            raise ModelError(
                f"{folder}: no {ONNX_MODEL} in it; make one with: parkner export --model {folder} --onnx --int8"
            )
        return OnnxBackend(onnx_path, threads=threads)
    if name != "torch":
        raise UsageError(f"backend {name!r}: one of auto, onnx, torch")
    if not has_torch:
        raise UsageError("backend torch: torch is not installed; pip install 'parkner[train]'")
    return TorchBackend.from_folder(folder, device=device, threads=threads)


def _has_gpu(onnx_path: Path | None) -> bool:
    if onnx_path is not None and not Path("/dev/nvidiactl").exists():
        return False  # spares importing torch, which takes longer than the first articles
    import torch

    return torch.cuda.is_available()
