"""Encoders of any architecture by path, and what is refused."""

from __future__ import annotations

import json
import shutil

import pytest

from tiny import save_encoder, save_tokenizer

pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

from parkner.model import load_encoder_for_tagging, load_tokenizer, resolve_encoder  # noqa: E402
from parkner.spans import ModelError  # noqa: E402

LABELS = ["ORG", "PARK"]
TAGS = {0: "O", 1: "B-ORG", 2: "I-ORG", 3: "B-PARK", 4: "I-PARK"}


def _electra(folder):
    from transformers import ElectraConfig, ElectraModel

    size = save_tokenizer(folder)
    ElectraModel(
        ElectraConfig(
            vocab_size=size, embedding_size=16, hidden_size=32, num_hidden_layers=3, num_attention_heads=4,
            intermediate_size=64, max_position_embeddings=128,
        )
    ).save_pretrained(folder)  # fmt: skip


def _roberta(folder):
    """A byte-level BPE tokenizer, as RoBERTa has it: several pieces a character."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

    folder.mkdir()
    backend = ByteLevelBPETokenizer()
    backend.train_from_iterator(
        ["开江经开区 2021 ABC"], special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    )
    backend.save_model(str(folder))
    tokenizer = RobertaTokenizerFast.from_pretrained(str(folder))
    tokenizer.save_pretrained(folder)
    RobertaModel(
        RobertaConfig(
            vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=3, num_attention_heads=4,
            intermediate_size=64, max_position_embeddings=130,
        )
    ).save_pretrained(folder)  # fmt: skip


def _bert(folder):
    save_encoder(folder, layers=3)


@pytest.fixture(scope="module", params=[_bert, _electra, _roberta], ids=["bert", "electra", "roberta"])
def folder(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("encoders") / "encoder"
    request.param(path)
    return path


def test_any_architecture_becomes_a_token_classifier(folder):
    model = load_encoder_for_tagging(str(folder), labels=LABELS)
    assert dict(model.config.id2label) == TAGS
    assert model.config.label2id == {tag: i for i, tag in TAGS.items()}
    assert model.dtype == torch.float32
    tokenizer = load_tokenizer(str(folder))
    inputs = tokenizer("开江经开区2021年", return_tensors="pt", return_offsets_mapping=True)
    offsets = inputs.pop("offset_mapping")[0].tolist()
    assert max(end for _, end in offsets) == 10
    assert model.eval()(**inputs).logits.shape[-1] == 5


def test_only_the_first_layers_are_kept_where_asked(folder):
    whole = load_encoder_for_tagging(str(folder), labels=LABELS)
    part = load_encoder_for_tagging(str(folder), labels=LABELS, num_layers=2)
    assert part.config.num_hidden_layers == 2
    names = [name for name, _ in part.named_parameters() if "layer.1." in name]
    assert names
    assert not [name for name, _ in part.named_parameters() if "layer.2." in name]
    for name in names:
        assert torch.equal(part.get_parameter(name), whole.get_parameter(name))
    with pytest.raises(ModelError, match="has 3 layers, not 4"):
        load_encoder_for_tagging(str(folder), labels=LABELS, num_layers=4)


def test_dropout_is_set_everywhere(folder):
    model = load_encoder_for_tagging(str(folder), labels=LABELS, dropout=0.25)
    assert {m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)} == {0.25}


def test_half_precision_folders_are_read_as_float32(tmp_path):
    from transformers import AutoModel

    save_encoder(tmp_path / "full")
    AutoModel.from_pretrained(tmp_path / "full").half().save_pretrained(tmp_path / "half")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tmp_path / "full" / name, tmp_path / "half")
    model = load_encoder_for_tagging(str(tmp_path / "half"), labels=LABELS)
    assert {p.dtype for p in model.parameters()} == {torch.float32}


@pytest.fixture
def tagger(tmp_path):
    torch.manual_seed(1)
    save_encoder(tmp_path / "encoder")
    model = load_encoder_for_tagging(str(tmp_path / "encoder"), labels=LABELS)
    model.save_pretrained(tmp_path / "tagger")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tmp_path / "encoder" / name, tmp_path / "tagger")
    return tmp_path / "tagger", model


def test_tag_layer_of_the_same_tags_is_kept(tagger):
    folder, model = tagger
    again = load_encoder_for_tagging(str(folder), labels=LABELS)
    assert torch.equal(again.classifier.weight, model.classifier.weight)


@pytest.mark.parametrize("labels", [["PARK", "ORG"], ["PER", "LOC"], ["A", "B", "C"], ["A"]])
def test_tag_layer_of_other_tags_is_new_and_the_body_is_kept(tagger, labels):
    folder, model = tagger
    other = load_encoder_for_tagging(str(folder), labels=labels)
    assert other.classifier.weight.shape[0] == 2 * len(labels) + 1
    rows = min(len(other.classifier.weight), 5)
    assert not torch.equal(other.classifier.weight[:rows], model.classifier.weight[:rows])
    assert torch.equal(
        other.bert.embeddings.word_embeddings.weight, model.bert.embeddings.word_embeddings.weight
    )


def test_a_new_tag_layer_follows_the_seed(tagger):
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(load_encoder_for_tagging(str(tagger[0]), labels=["X"]).classifier.weight)
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_loading_says_nothing(tagger, capfd):
    load_encoder_for_tagging(str(tagger[0]), labels=["X"])
    out = capfd.readouterr()
    assert out.out == ""
    assert out.err == ""


@pytest.mark.parametrize(
    "name", ["/no/such/folder", "./nothing", "~/surely/not/here", "models/none/here", " ", ""]
)
def test_a_missing_folder_is_named(name):
    with pytest.raises(ModelError, match="no such folder") as caught:
        resolve_encoder(name)
    assert repr(name) in str(caught.value)


def test_hub_names_pass():
    assert resolve_encoder("hfl/chinese-macbert-base") == "hfl/chinese-macbert-base"
    assert resolve_encoder("bert-base-chinese") == "bert-base-chinese"


def _refused(folder):
    with pytest.raises(ModelError) as caught:
        load_encoder_for_tagging(str(folder), labels=LABELS)
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message
    return message


def test_folders_that_cannot_be_encoders_are_refused(tmp_path):
    folder = tmp_path / "encoder"
    folder.mkdir()
    assert "config.json: no such file" in _refused(folder)
    (folder / "config.json").write_text("{")
    assert "cannot be read" in _refused(folder)
    (folder / "config.json").write_text("[]")
    assert "not a JSON object" in _refused(folder)
    (folder / "config.json").write_text("{}")
    assert "model_type" in _refused(folder)
    (folder / "config.json").write_text('{"model_type": "bert"}')
    assert "no model.safetensors" in _refused(folder)
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    assert "pickle (pytorch_model.bin)" in _refused(folder)
    (folder / "model.safetensors").write_bytes(b"no safetensors")
    assert "weights cannot be loaded" in _refused(folder)
    (folder / "config.json").write_text('{"model_type": "no-such-architecture"}')
    assert "configuration cannot be loaded" in _refused(folder)


def test_missing_and_misshapen_weights_of_the_body_are_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    save_encoder(tmp_path)
    path = tmp_path / "model.safetensors"
    weights = load_file(path)
    name = "encoder.layer.1.output.dense.weight"
    save_file({k: v for k, v in weights.items() if k != name}, path, {"format": "pt"})
    assert name in _refused(tmp_path)
    save_file({**weights, name: torch.zeros(3, 3)}, path, {"format": "pt"})
    assert name in _refused(tmp_path)


def test_code_in_a_folder_is_not_run(tmp_path):
    save_encoder(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.OwnConfig"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    _refused(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_damaged_and_missing_tokenizers_are_named(tmp_path):
    save_encoder(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match="tokenizer") as caught:
        load_tokenizer(str(tmp_path))
    assert str(tmp_path) in str(caught.value)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="tokenizer"):
        load_tokenizer(str(tmp_path))
