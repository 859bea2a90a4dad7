"""One pipeline per process; weights are digested by name and content."""

import errno
import shutil

import pytest

from tests.late import Late
from workers.engines.contract import EngineUnavailable

torch = Late("torch")
pipeline_cache = Late("workers.engines.pipeline_cache")


def spec(folder, **changes):
    fields = {"device": "cpu", "dtype": torch.float32, "safety_checker": False}
    return pipeline_cache.PipelineSpec(folder, **(fields | changes))


def test_the_same_pipeline_is_loaded_once(toy_pipeline_dir):
    cache = pipeline_cache.PipelineCache()
    assert cache.get(spec(toy_pipeline_dir)) is cache.get(spec(toy_pipeline_dir))


def test_half_precision_weights_run_in_full_precision(toy_pipeline_dir):
    loaded = pipeline_cache.PipelineCache().get(spec(toy_pipeline_dir))
    assert {p.dtype for p in loaded.pipeline.unet.parameters()} == {torch.float32}


def test_another_pipeline_replaces_the_first(toy_pipeline_dir, tmp_path):
    copy = shutil.copytree(toy_pipeline_dir, tmp_path / "copy")
    cache = pipeline_cache.PipelineCache()
    first = cache.get(spec(toy_pipeline_dir))
    assert cache.get(spec(copy)) is not first
    assert cache.get(spec(toy_pipeline_dir)) is not first


def test_replaced_weights_are_noticed(toy_pipeline_dir, tmp_path):
    copy = shutil.copytree(toy_pipeline_dir, tmp_path / "copy")
    cache = pipeline_cache.PipelineCache()
    before = cache.get(spec(copy))
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-2:] = b"\0\0"  # the last weight becomes nought
    weights.write_bytes(content)
    after = cache.get(spec(copy))
    assert after.weights_sha256 != before.weights_sha256
    assert after.config_sha256 == before.config_sha256


def test_clearing_lets_go_of_the_pipeline(toy_pipeline_dir):
    cache = pipeline_cache.PipelineCache()
    first = cache.get(spec(toy_pipeline_dir))
    cache.clear()
    assert cache.get(spec(toy_pipeline_dir)) is not first


def test_the_digest_sees_names_and_ignores_other_files(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"one")
    first = pipeline_cache.digest_of(tmp_path, ["*.safetensors"])
    (tmp_path / "README.md").write_text("a card")
    assert pipeline_cache.digest_of(tmp_path, ["*.safetensors"]) == first
    (tmp_path / "a.safetensors").rename(tmp_path / "b.safetensors")
    assert pipeline_cache.digest_of(tmp_path, ["*.safetensors"]) != first


@pytest.mark.parametrize("broken", ["unet/config.json", "unet/diffusion_pytorch_model.safetensors"])
def test_an_incomplete_folder_is_missing_something(toy_pipeline_dir, tmp_path, broken):
    copy = shutil.copytree(toy_pipeline_dir, tmp_path / "copy")
    (copy / broken).unlink()
    with pytest.raises(EngineUnavailable, match="does not load") as failure:
        pipeline_cache.PipelineCache().get(spec(copy))
    assert failure.value.code == "WEIGHTS_MISSING"


def test_a_truncated_weights_file_is_corrupt(toy_pipeline_dir, tmp_path):
    copy = shutil.copytree(toy_pipeline_dir, tmp_path / "copy")
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(EngineUnavailable, match="does not load") as failure:
        pipeline_cache.PipelineCache().get(spec(copy))
    assert failure.value.code == "WEIGHTS_CORRUPT"


def test_weights_are_held_against_their_digest(toy_pipeline_dir):
    digest = pipeline_cache.digest_of(toy_pipeline_dir, ["*.safetensors"])
    right = spec(toy_pipeline_dir, expected_weights_sha256=digest)
    loaded = pipeline_cache.PipelineCache().get(right)
    assert loaded.weights_sha256 == digest
    with pytest.raises(EngineUnavailable, match="digest to") as failure:
        pipeline_cache.PipelineCache().get(spec(toy_pipeline_dir, expected_weights_sha256="0" * 64))
    assert failure.value.code == "WEIGHTS_CORRUPT"


@pytest.mark.parametrize(
    ("error", "code"),
    [(OSError(errno.ENOSPC, "full"), "DISK_FULL"), (MemoryError(), "OUT_OF_MEMORY")],
)
def test_a_load_that_runs_out_of_something_says_so(toy_pipeline_dir, monkeypatch, error, code):
    def fail(*args, **kwargs):
        raise ValueError("while loading") from error

    monkeypatch.setattr("diffusers.AutoPipelineForText2Image.from_pretrained", fail)
    with pytest.raises(EngineUnavailable) as failure:
        pipeline_cache.PipelineCache().get(spec(toy_pipeline_dir))
    assert failure.value.code == code
