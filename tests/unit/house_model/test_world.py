"""The renderer is deterministic, obeys its scene, and varies with the seed."""

import random
from dataclasses import replace

import numpy as np
import pytest

from house_model.canvas import SIZE
from house_model.grammar import VALUES, Scene, random_scene
from house_model.world import render

BASE = Scene("cabin", "hills", "noon", "teal", "sun", "poster", "full", "left", seed=3)


def test_the_same_scene_gives_the_same_pixels():
    scene = random_scene(random.Random(1))
    assert np.array_equal(render(scene), render(scene))


@pytest.mark.parametrize("terrain", VALUES["terrain"])
@pytest.mark.parametrize("style", VALUES["style"])
def test_every_terrain_and_style_draws_a_full_picture(terrain, style):
    pixels = render(replace(BASE, terrain=terrain, style=style, time="storm", celestial="none"))
    assert pixels.shape == (SIZE, SIZE, 3)
    assert pixels.dtype == np.uint8
    assert pixels.std() > 15


@pytest.mark.parametrize("subject", [s for s in VALUES["subject"] if s != "none"])
def test_a_subject_changes_its_own_side_of_the_picture(subject):
    empty = render(replace(BASE, subject="none")).astype(int)
    # The empty scene's sun may stand elsewhere; the ground below it is what the subject stands on.
    for place, columns in (("left", slice(20, 128)), ("right", slice(128, 236))):
        drawn = render(replace(BASE, subject=subject, place=place)).astype(int)
        change = np.abs(drawn - empty).sum(2)[96:200]
        assert change[:, columns].mean() > 2 * max(change.mean() - change[:, columns].mean(), 0)
        assert change[:, columns].max() > 60


def test_another_seed_moves_the_land():
    one, other = render(BASE).astype(int), render(replace(BASE, seed=4)).astype(int)
    assert np.abs(one - other).mean() > 8


@pytest.mark.parametrize("style", VALUES["style"])
def test_a_badge_leaves_the_corners_to_the_paper(style):
    pixels = render(replace(BASE, style=style, format="badge")).astype(int)
    corners = np.stack([pixels[:12, :12], pixels[:12, -12:], pixels[-12:, :12], pixels[-12:, -12:]])
    assert corners.min() > 180
    assert np.ptp(corners.reshape(-1, 3), axis=0).max() < 12
