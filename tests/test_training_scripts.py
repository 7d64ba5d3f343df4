"""scripts/ablate.py and scripts/robustness.py, called as a user calls them."""

import json
import subprocess
import sys

import pytest
import yaml

from tiny import TEXTS, save_encoder, save_model

pytest.importorskip("torch")


def _run(root, script, *arguments):
    return subprocess.run(
        [sys.executable, str(root / "scripts" / script), *map(str, arguments)],
        capture_output=True, text=True, cwd=root, timeout=200,
    )  # fmt: skip


@pytest.fixture
def gold(tmp_path):
    path = tmp_path / "gold.jsonl"
    lines = [{"id": str(i), "text": text, "spans": [[0, 3, "PARK"]]} for i, text in enumerate(TEXTS)]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def test_ablate_trains_every_variant_and_seed_once(root, gold, tmp_path):
    encoder = save_encoder(tmp_path / "encoder")
    recipe, plan, out = tmp_path / "recipe.yaml", tmp_path / "plan.yaml", tmp_path / "runs"
    recipe.write_text(
        f"encoder: {{name: {encoder}}}\nwindow: {{size: 62, overlap: 8}}\ntrain: {{epochs: 1}}\n",
        encoding="utf-8",
    )
    variants = {
        "plain": {"train": [str(gold)]},
        "two/copies": {"train": [str(gold)], "set": ["augment.copies=2"]},
    }
    plan.write_text(
        yaml.safe_dump({"config": str(recipe), "dev": str(gold), "seeds": [1], "variants": variants}),
        encoding="utf-8",
    )
    done = _run(root, "ablate.py", plan, "--out", out)
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["plain", "two/copies"]
    assert json.loads((out / "two-copies-1" / "metrics.json").read_text())["train"]["copies"] == 6
    before = (out / "plain-1" / "metrics.json").stat().st_mtime_ns
    assert _run(root, "ablate.py", plan, "--out", out).stdout == done.stdout
    assert (out / "plain-1" / "metrics.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("text", "said"),
    [("variants: {}\n", "has no config, dev, seeds"), ("a: [", "not valid YAML"), (None, "cannot read")],
)
def test_ablate_names_what_is_wrong_with_a_plan(root, tmp_path, text, said):
    plan = tmp_path / "plan.yaml"
    if text is not None:
        plan.write_text(text, encoding="utf-8")
    done = _run(root, "ablate.py", plan, "--out", tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "plan.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_robustness_prints_a_row_for_every_messy_form(root, gold, tmp_path):
    model = save_model(tmp_path / "model")
    done = _run(root, "robustness.py", "--gold", gold, "--model", model, "--backend", "torch")
    assert done.returncode == 0, done.stderr
    names = [line.split("|")[1].strip() for line in done.stdout.splitlines()]
    assert names[2:] == ["as it is", "traditional", "pinyin", "full-width"]
    missing = _run(root, "robustness.py", "--gold", tmp_path / "none.jsonl", "--model", model)
    assert missing.returncode == 2
    assert "none.jsonl" in missing.stderr
