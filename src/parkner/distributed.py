"""The same tagger beyond one machine: Ray Data, and data frames for Spark (tier 4).

Ray reads one file a task and streams its records; taggers are actors that load the model once; every row knows its
file and record, so that what is done twice after a failure is the same row again. Bad records go to one small actor
on the driver's node and from there to ``<out>.errors.jsonl``.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import logging
import pickle
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parkner.inputs import MANIFEST, InputFile, input_files, is_known, read_records, without_suffix
from parkner.parquet_output import parquet_row, parquet_schema, parquet_table
from parkner.preparation import as_is, prepare_stream
from parkner.spans import DataError, Document, ModelError, UsageError
from parkner.streams import HEAD, InputError, Limits

if TYPE_CHECKING:
    import pyarrow as pa

TAG_BATCH = 256  # documents handed to a tagger at a time
READ_BLOCK = 64  # documents in a block that a reader passes on
READ_TASKS = 1000  # most tasks that the list of files is cut into
BLOCK_BYTES = 2**21  # of documents that travel together
ROWS_A_FILE = 10_000  # at least, of the Parquet files written

# A Spark schema (DDL) for `tag_frames`; values of spans and meta are JSON strings, as in our Parquet files.
SPARK_SCHEMA = (
    "id string, text string, spans array<struct<start: bigint, end: bigint, label: string, text: string, "
    "score: double, value: string, value_error: string, raw_start: bigint, raw_end: bigint>>, meta string"
)


def pack_model(folder: Path) -> dict[str, bytes]:
    """A model directory's files, to be sent to machines that do not see it.

    Raises:
        ModelError: If a file is missing or altered; names the path.
    """
    from parkner.model_folder import DESCRIPTION, read_description

    description = read_description(folder)
    return {name: (folder / name).read_bytes() for name in (DESCRIPTION, *description.files)}


class PackedTagger:
    """The stateful part of a Ray Data pipeline: loads a packed model once and tags batches of rows."""

    def __init__(self, packed: Any, options: Mapping[str, Any]) -> None:
        """Loads the model.

        Args:
            packed: Files of `pack_model`, or Ray's reference to them; None tags with the labelling functions.
            options: For `parkner.inference.Tagger.from_pretrained`, and ``with_rules``.
        """
        options = dict(options)
        with_rules = options.pop("with_rules", False)
        if packed is None:
            from parkner.rules import RuleTagger

            self._tagger: Any = RuleTagger(minimum_score=options.get("minimum_score", 0.0))
            return
        from parkner.agreed_tagger import AgreedTagger
        from parkner.inference import Tagger

        if not isinstance(packed, Mapping):
            packed = _ray().get(packed)
        with tempfile.TemporaryDirectory(prefix="parkner-model-") as name:
            for file, content in packed.items():
                (Path(name) / file).write_bytes(content)
            kind = AgreedTagger if with_rules else Tagger
            self._tagger = kind.from_pretrained(name, **options)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Rows ``document, file, record`` -> rows of our Parquet schema with ``file`` and ``record``."""
        import pyarrow as pa

        documents = [pickle.loads(item) for item in batch.column("document").to_pylist()]
        table = parquet_table(self._tagger.tag(documents))
        for name in ("file", "record"):
            table = table.append_column(name, batch.column(name).cast(pa.int64()))
        return table


class ErrorList:
    """What could not be read, by place: a task that Ray runs twice reports the same places again."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], dict[str, Any]] = {}

    def add(self, file: int, record: int, report: dict[str, Any]) -> None:
        """Notes one bad record."""
        self._found[file, record] = report

    def all(self) -> list[dict[str, Any]]:
        """All reports in the order of the inputs."""
        return [self._found[place] for place in sorted(self._found)]


class FileReader:
    """Reads files of the inputs and streams their documents; a Ray Data task."""

    def __init__(self, errors: Any) -> None:
        """Keeps the handle of an `ErrorList` actor."""
        self._errors = errors

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, list[Any]]]:
        """Rows ``file, input`` -> blocks of rows ``document, file, record``."""
        ray = _ray()
        for number, packed in zip(batch["file"], batch["input"], strict=True):
            block = _empty_block()
            reports = []
            for record, item in enumerate(_items(pickle.loads(packed))):
                if isinstance(item, InputError):
                    reports.append(self._errors.add.remote(int(number), record, item.to_dict()))
                    continue
                block["document"].append(pickle.dumps(item, protocol=pickle.HIGHEST_PROTOCOL))
                block["file"].append(int(number))
                block["record"].append(record)
                if len(block["record"]) >= READ_BLOCK:
                    yield block
                    block = _empty_block()
            ray.get(reports)  # a task that ends has reported
            yield block


def _empty_block() -> dict[str, list[Any]]:
    return {"document": [], "file": [], "record": []}


def _items(file: InputFile) -> Iterator[Document | InputError]:
    opener = partial(_open_remote, file.name) if _is_uri(file.name) else None
    return prepare_stream(read_records(file, Limits(), open_stream=opener), as_is)


def _is_uri(name: str) -> bool:
    return "://" in name


def _open_remote(uri: str) -> Any:
    from pyarrow import fs

    system, path = fs.FileSystem.from_uri(uri)
    return io.BufferedReader(system.open_input_file(path), HEAD)


def list_inputs(inputs: Sequence[str]) -> list[InputFile]:
    """The files of inputs on this machine's file system and in object storage (``s3://``, ``gs://``, ``hdfs://``).

    Remote folders are searched to the bottom for the suffixes that local ones are; their manifests are not read.

    Raises:
        UsageError: If an input is not there, or is standard input.
    """
    out: list[InputFile] = []
    if "-" in inputs:
        raise UsageError("--engine ray: cannot read standard input; name files or folders")
    local = [item for item in inputs if not _is_uri(item)]
    for file in input_files(local) if local else ():
        assert file.path is not None
        # Other processes have other working directories.
        out.append(InputFile(file.path.absolute(), file.name, file.identity, file.known))
    for item in inputs:
        if _is_uri(item):
            out += _remote_files(item)
    return out


def _remote_files(uri: str) -> list[InputFile]:
    import pyarrow as pa
    from pyarrow import fs

    try:
        system, path = fs.FileSystem.from_uri(uri)
        info = system.get_file_info(path)
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"{uri}: {str(error).splitlines()[0]}") from None
    if info.type == fs.FileType.NotFound:
        raise UsageError(f"{uri}: no such file or folder")
    if info.type == fs.FileType.File:
        return [InputFile(None, uri, without_suffix(path.rpartition("/")[2]))]
    found = []
    for entry in system.get_file_info(fs.FileSelector(path, recursive=True)):
        inner = entry.path.removeprefix(path).lstrip("/")
        hidden = any(part.startswith(".") for part in inner.split("/"))
        if entry.type == fs.FileType.File and not hidden and is_known(inner) and entry.base_name != MANIFEST:
            found.append(InputFile(None, f"{uri.rstrip('/')}/{inner}", without_suffix(inner)))
    return sorted(found, key=lambda file: file.name)


def predict_on_ray(
    inputs: Sequence[str], out: str, *, model: Path | None, taggers: int = 0, **options: Any
) -> int:
    """Tags all records of the inputs on a Ray cluster and writes a folder of Parquet files.

    Args:
        inputs: Paths that every machine of the cluster sees, or URIs of object storage.
        out: A folder to be made, ending in ``.parquet``; a URI, or a path that every machine sees.
        model: A model folder on this machine; None for the shipped one, or the labelling functions where none ships.
        taggers: Most tagger actors; 0 for one a GPU, or one a CPU where there are none.
        options: ``backend, device, threads, minimum_score, with_rules`` for the taggers.

    Returns:
        The exit code.

    Raises:
        UsageError: If Ray is not installed, an input is not there, or the output is.
        DataError: If the job fails on Ray.
    """
    if importlib.util.find_spec("ray") is None:
        raise UsageError("--engine ray: Ray is not installed; pip install 'parkner[ray]'")
    if not out.rstrip("/").endswith(".parquet"):
        raise UsageError(f"--out {out}: must end in .parquet with --engine ray (a folder of files)")
    out = out.rstrip("/")
    files = list_inputs(inputs)
    packed = _model_to_send(model, options)
    if _is_uri(out):
        return _run(files, out, out, packed, taggers, options)
    target = Path(out)
    if target.exists():
        raise UsageError(f"--out {out}: is there already; --engine ray writes a new folder")
    from parkner.batch import Job

    partial_folder = target.with_name(target.name + ".partial")
    with Job(target).locked():
        shutil.rmtree(partial_folder, ignore_errors=True)
        code = _run(files, str(partial_folder.absolute()), out, packed, taggers, options)
        partial_folder.replace(target)
    return code


def _model_to_send(model: Path | None, options: Mapping[str, Any]) -> dict[str, bytes] | None:
    from parkner.agreed_tagger import check_labels
    from parkner.model_folder import read_description, shipped_model

    try:
        folder = model if model is not None else shipped_model()
        if options.get("with_rules"):
            check_labels(read_description(folder).labels)
        return pack_model(folder)
    except ModelError:
        if model is not None or options.get("backend", "auto") != "auto":
            raise
    print("parkner: no model ships with this version: tagging with labelling functions", file=sys.stderr)
    return None


def _run(
    files: Sequence[InputFile],
    folder: str,
    out: str,
    packed: Mapping[str, bytes] | None,
    taggers: int,
    options: Mapping[str, Any],
) -> int:
    ray = _ray()
    if not ray.is_initialized():
        # RAY_ADDRESS names a cluster; without it Ray starts on this machine.
        ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
        logging.getLogger("ray.data").setLevel(logging.ERROR)
    errors = ray.remote(num_cpus=0)(ErrorList).options(scheduling_strategy=_this_node()).remote()
    try:
        tagged = _pipeline(files, errors, packed, taggers, options)
        tagged.write_parquet(folder, min_rows_per_file=ROWS_A_FILE)
        reports = ray.get(errors.all.remote())
    except ray.exceptions.RayError as error:
        reason = next((line for line in reversed(str(error).splitlines()) if line.strip()), repr(error))
        raise DataError(f"--engine ray: {reason.strip()}") from None
    total = _count_rows(folder)
    print(f"{total} articles tagged on Ray; {out}")
    if not reports:
        return 0
    _write_errors(f"{out}.errors.jsonl", reports)
    print(f"{len(reports)} records could not be read; see {out}.errors.jsonl", file=sys.stderr)
    return 1


def _ray() -> Any:
    """Ray and its data part, untyped: it is an extra, and the checks are the same where it is missing."""
    importlib.import_module("ray.data")
    return importlib.import_module("ray")


def _this_node() -> Any:
    ray = _ray()
    strategies = importlib.import_module("ray.util.scheduling_strategies")
    return strategies.NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)


def _pipeline(
    files: Sequence[InputFile],
    errors: Any,
    packed: Mapping[str, bytes] | None,
    taggers: int,
    options: Mapping[str, Any],
) -> Any:
    """The lazy Ray Data set of tagged rows."""
    ray = _ray()
    context = ray.data.DataContext.get_current()
    # One long file is then many blocks, which many taggers can take.
    context.target_max_block_size = BLOCK_BYTES
    context.enable_progress_bars = sys.stderr.isatty()
    cluster = ray.cluster_resources()
    gpu = packed is not None and options.get("device", "auto") != "cpu" and cluster.get("GPU", 0) >= 1
    threads = int(options.get("threads") or 1)
    most = taggers or max(1, int(cluster["GPU"] if gpu else cluster.get("CPU", 1) // threads))
    rows = [{"file": n, "input": pickle.dumps(file)} for n, file in enumerate(files)]
    read = ray.data.from_items(rows, override_num_blocks=max(1, min(len(rows), READ_TASKS))).map_batches(
        FileReader(errors).__call__, batch_size=1, num_cpus=0.5
    )
    return read.map_batches(
        PackedTagger,
        batch_size=TAG_BATCH,
        batch_format="pyarrow",
        fn_constructor_args=(
            ray.put(packed) if packed is not None else None,
            {**options, "threads": threads},
        ),
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most),
        num_gpus=1 if gpu else None,
        num_cpus=None if gpu else threads,
        udf_modifying_row_count=False,
    )


def _count_rows(folder: str) -> int:
    import pyarrow.dataset as ds

    try:
        count: int = ds.dataset(folder, format="parquet").count_rows()
    except FileNotFoundError:  # nothing could be read, so nothing was written
        count = 0
    return count


def _write_errors(path: str, reports: Sequence[Mapping[str, Any]]) -> None:
    from pyarrow import fs

    system, inner = fs.FileSystem.from_uri(path if _is_uri(path) else Path(path).absolute().as_uri())
    with system.open_output_stream(inner) as file:
        for report in reports:
            file.write((json.dumps(report, ensure_ascii=False) + "\n").encode())


def tag_frames(frames: Iterable[Any], *, model: str | None = None, **options: Any) -> Iterator[Any]:
    """Tags data frames; for Spark: ``df.mapInPandas(partial(tag_frames, model=FOLDER), SPARK_SCHEMA)``.

    Args:
        frames: pandas frames with a column ``text`` and, if there are any, ``id``, ``date`` (ISO) and ``source``.
        model: A model folder that every executor sees; None for the shipped one.
        options: For `parkner.inference.Tagger.from_pretrained`.

    Yields:
        Frames with the columns of `SPARK_SCHEMA`, one row for each row given, in order; a missing text is empty.
    """
    pandas: Any = importlib.import_module("pandas")
    from parkner.inference import Tagger
    from parkner.records import document_of_record

    tagger = Tagger.from_pretrained(model, **options)
    for frame in frames:
        known = [name for name in ("id", "text", "date", "source") if name in frame.columns]
        documents = []
        for number, record in enumerate(frame[known].to_dict("records")):
            # What is missing in a frame is None or NaN.
            given = {name: str(value) for name, value in record.items() if isinstance(value, str | int)}
            documents.append(
                document_of_record(
                    {"text": "", **given}, where=f"row {number}", identity=str(number), limits=Limits()
                )
            )
        rows = [parquet_row(document) for document in tagger.tag(documents)]
        span_fields = [field.name for field in parquet_schema().field("spans").type.value_type]
        for row in rows:
            row["spans"] = [{name: span.get(name) for name in span_fields} for span in row["spans"]]
        yield pandas.DataFrame(rows, columns=["id", "text", "spans", "meta"])
