"""The shipped weights folder is a complete pipeline that loads offline and draws."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from house_model.grammar import ATTRIBUTES, VALUES, Scene
from house_model.world import render
from tests.late import Late

torch = Late("torch")
bundle = Late("house_model.bundle")
classifier = Late("house_model.classifier")

pytestmark = [
    pytest.mark.model,
    # diffusers hands torch tensors to numpy the old way; nothing here can change that.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def pipeline():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # import-time notices of the libraries are not ours
        return bundle.load_weights()


def draw(pipeline, prompt, seed):
    generator = torch.Generator("cpu").manual_seed(seed)
    image = pipeline(prompt, num_inference_steps=2, guidance_scale=4.0, generator=generator)
    return np.asarray(image.images[0])


def test_the_folder_stays_below_forty_megabytes():
    assert bundle.folder_megabytes(bundle.WEIGHTS) <= 40


def test_no_config_names_a_path_of_the_training_machine():
    for path in Path(bundle.WEIGHTS).rglob("*.json"):
        data = json.loads(path.read_text(encoding="utf-8"))
        assert not {"_name_or_path", "name_or_path"} & set(data), path


def test_two_steps_draw_a_picture_that_prompt_and_seed_decide(pipeline):
    prompt = "paper-cut lighthouse by the sea at sunset"
    first = draw(pipeline, prompt, 1)
    assert first.shape == (256, 256, 3)
    assert np.array_equal(first, draw(pipeline, prompt, 1))
    assert not np.array_equal(first, draw(pipeline, prompt, 2))
    assert not np.array_equal(first, draw(pipeline, "poster of dunes at night", 1))


def test_the_autoencoder_is_complete_in_both_directions(pipeline):
    scene = Scene("castle", "hills", "noon", "teal", "sun", "poster", "full", "left", seed=3)
    wanted = torch.from_numpy(render(scene)).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        latents = pipeline.vae.encode(wanted).latents
        got = pipeline.vae.decode(latents).sample.clamp(-1, 1)
    assert latents.shape == (1, 16, 16, 16)
    error = float(((got - wanted) ** 2).mean())
    assert 10 * np.log10(4 / error) > 19  # dB


def test_the_judge_recognises_rendered_pictures():
    judge = classifier.load_judge()
    scenes = [
        Scene("fox", "hills", "sunset", "gold", "sun", "paper-cut", "badge", "centre", seed=5),
        Scene("lighthouse", "sea", "night", "indigo", "full moon", "poster", "full", "left", 6),
        Scene("castle", "dunes", "dawn", "rose", "none", "watercolour", "arch", "right", seed=7),
    ]
    named = judge.judge(np.stack([render(scene) for scene in scenes]))
    right = [
        named[name][i] == getattr(scene, name)
        for i, scene in enumerate(scenes)
        for name in ATTRIBUTES
    ]
    assert sum(right) >= len(right) - 2
    assert all(value in VALUES[name] for name in ATTRIBUTES for value in named[name])
    assert classifier.JUDGE.stat().st_size <= 2_000_000
