"""A real pipeline at toy size: reproducible, interruptible, silent about prompts."""

import errno
import hashlib
import json
import logging
import warnings

import numpy as np
import pytest

from tests.factories.generation import generation_request
from tests.late import Late
from workers.engines.contract import EngineInterrupted, EngineRefused, EngineUnavailable
from workers.engines.registry import HOUSE_CAPABILITY

torch = Late("torch")
diffusers_logging = Late("diffusers.utils.logging")
families = Late("workers.engines.families")
pipeline_cache = Late("workers.engines.pipeline_cache")
pipelines = Late("tests.factories.pipelines")

# Longer than the toy tokenizer reads: diffusers' notice about it quotes the part left out.
LONG_PROMPT = "a fox near the canary zebraquill"


def pixels(engine, **changes):
    return np.asarray(engine.generate(generation_request(**changes)).image)


@pytest.mark.parametrize("scheduler", sorted(HOUSE_CAPABILITY.schedulers))
def test_the_same_request_gives_the_same_bytes(toy_engine, scheduler):
    first = pixels(toy_engine, scheduler=scheduler)
    pixels(toy_engine, seed=99)  # whatever ran in between must not matter
    torch.manual_seed(5)
    assert np.array_equal(first, pixels(toy_engine, scheduler=scheduler))
    assert first.shape == (64, 64, 3)
    assert first.std() > 0


@pytest.mark.parametrize("change", [{"seed": 8}, {"prompt": "zzz"}, {"scheduler": "ddim"}])
def test_another_request_gives_another_image(toy_engine, change):
    assert not np.array_equal(pixels(toy_engine), pixels(toy_engine, **change))


def test_the_negative_prompt_takes_part(toy_engine):
    assert not np.array_equal(pixels(toy_engine), pixels(toy_engine, negative_prompt="a bird"))


def test_width_and_height_are_not_exchanged(toy_engine):
    assert toy_engine.generate(generation_request(width=128, height=64)).image.size == (128, 64)


def test_the_listener_hears_every_step(toy_engine):
    heard = []
    toy_engine.generate(generation_request(steps=4), lambda *step: heard.append(step))
    assert heard == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("error", [EngineInterrupted, ValueError, KeyboardInterrupt])
def test_what_the_listener_raises_stops_the_run_unchanged(toy_engine, error):
    heard = []

    def stop(step, steps):
        heard.append(step)
        raise error("lease lost")

    with pytest.raises(error, match="lease lost"):
        toy_engine.generate(generation_request(), stop)
    assert heard == [1]
    assert pixels(toy_engine).std() > 0  # and the engine is fit for the next run


def test_a_request_outside_the_limits_is_refused(toy_engine):
    with pytest.raises(EngineRefused, match="steps must be"):
        toy_engine.generate(generation_request(steps=21))


def test_the_provenance_is_complete(toy_engine, toy_pipeline_dir):
    request = generation_request(seed=11, scheduler="euler")
    provenance = toy_engine.generate(request).provenance.as_dict()
    assert json.loads(json.dumps(provenance)) == provenance
    weights = pipeline_cache.digest_of(toy_pipeline_dir, ["*.safetensors"])
    assert provenance["weights_sha256"] == weights
    assert provenance["seconds"] > 0
    assert provenance["libraries"].keys() >= {"torch", "diffusers", "transformers", "python"}
    for digest in ("environment", "config_sha256", "scheduler_config_sha256"):
        assert len(bytes.fromhex(provenance[digest])) == hashlib.sha256().digest_size
    expected = {
        "engine": "toy",
        "model_id": "tests/toy",
        "scheduler": "euler",
        "scheduler_class": "EulerDiscreteScheduler",
        "dtype": "float32",
        "device": "cpu",
        "seed": 11,
        "steps": 3,
        "guidance_scale": 4.0,
        "width": 64,
        "height": 64,
    }
    assert expected.items() <= provenance.items()


def test_a_prompt_that_is_cut_off_is_reported(toy_pipeline_dir):
    engine = pipelines.make_engine(toy_pipeline_dir, prompts=families.PromptOptions(chunks=False))
    assert engine.generate(generation_request(prompt=LONG_PROMPT)).prompt_truncated
    assert not engine.generate(generation_request(prompt="a fox")).prompt_truncated


def test_a_prompt_read_in_chunks_is_not_cut_off(toy_engine):
    assert not toy_engine.generate(generation_request(prompt=LONG_PROMPT)).prompt_truncated


@pytest.fixture
def every_log_record(caplog):
    """The libraries' loggers wide open, as an operator's debug setting would have them."""
    loggers = [logging.getLogger(name) for name in ("diffusers", "transformers")]
    before = [(logger.level, logger.propagate) for logger in loggers]
    caplog.set_level(logging.DEBUG)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.propagate = True
    yield caplog
    for logger, (level, propagate) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.propagate = propagate


@pytest.mark.parametrize("chunks", [True, False])
def test_no_prompt_reaches_a_log_or_the_console(toy_pipeline_dir, every_log_record, capfd, chunks):
    engine = pipelines.make_engine(toy_pipeline_dir, prompts=families.PromptOptions(chunks=chunks))
    engine.generate(generation_request(prompt=LONG_PROMPT, negative_prompt=LONG_PROMPT + "!"))
    written = capfd.readouterr()
    told = every_log_record.text + written.out + written.err
    assert "quill" not in told.replace(" ", "")
    assert told == ""


def test_without_the_silencing_the_prompt_would_be_logged(
    toy_pipeline_dir, every_log_record, monkeypatch
):
    # Guards the test above: if diffusers stops quoting prompts, it proves nothing any more.
    engine = pipelines.make_engine(toy_pipeline_dir, prompts=families.PromptOptions(chunks=False))
    engine.warm_up()
    silenced_by = "workers.engines.diffusers_engine.silence_model_libraries"
    monkeypatch.setattr(silenced_by, lambda: None)
    diffusers_logging.set_verbosity(logging.DEBUG)
    warnings.filterwarnings("ignore", category=DeprecationWarning)  # diffusers' own, against NumPy
    engine.generate(generation_request(prompt=LONG_PROMPT))
    assert "quill" in every_log_record.text.replace(" ", "")


def test_a_failure_inside_the_library_does_not_quote_the_prompt(toy_engine, monkeypatch):
    def fail(scheduler, *args, **kwargs):
        raise ValueError("Cannot forward `prompt`: zebraquill")

    monkeypatch.setattr("diffusers.DPMSolverMultistepScheduler.step", fail)
    with pytest.raises(EngineUnavailable) as failure:
        toy_engine.generate(generation_request(prompt="zebraquill"))
    assert "zebraquill" not in str(failure.value)
    assert "ValueError at test_diffusers_engine.py:" in str(failure.value)
    assert failure.value.__suppress_context__


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (lambda: RuntimeError("not enough memory: zebraquill"), "OUT_OF_MEMORY"),
        (lambda: torch.OutOfMemoryError("zebraquill"), "OUT_OF_MEMORY"),
        (MemoryError, "OUT_OF_MEMORY"),
        (lambda: OSError(errno.ENOSPC, "zebraquill"), "DISK_FULL"),
        (lambda: KeyError("zebraquill"), "MODEL_FAILED"),
    ],
)
def test_a_failure_has_its_code(toy_engine, monkeypatch, error, code):
    def fail(scheduler, *args, **kwargs):
        raise error()

    monkeypatch.setattr("diffusers.DPMSolverMultistepScheduler.step", fail)
    with pytest.raises(EngineUnavailable) as failure:
        toy_engine.generate(generation_request())
    assert failure.value.code == code
    assert "zebraquill" not in str(failure.value)


def test_an_error_of_the_listeners_keeps_its_own_name(toy_engine):
    with pytest.raises(MemoryError):
        toy_engine.generate(
            generation_request(), lambda step, steps: (_ for _ in ()).throw(MemoryError)
        )


@pytest.mark.parametrize("part", ["unet", "vae"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_broken_numbers_are_not_a_picture(toy_pipeline_dir, part, value):
    cache = pipeline_cache.PipelineCache()
    engine = pipelines.make_engine(toy_pipeline_dir, cache)
    engine.warm_up()
    network = getattr(cache.get(engine._spec).pipeline, part)
    # The decoder's or the denoiser's last layer: nothing after it can swallow the value.
    layer = network.conv_out if part == "unet" else network.decoder.layers[-1]
    layer.bias.fill_(value)
    heard = []
    with pytest.raises(EngineUnavailable) as failure:
        engine.generate(generation_request(), lambda *step: heard.append(step))
    assert failure.value.code == "BAD_PIXELS"
    assert heard == ([] if part == "unet" else [(1, 3), (2, 3), (3, 3)])
