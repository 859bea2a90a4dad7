"""SDXL and FLUX.1 at toy size: the same promises as Stable Diffusion, each in its own way."""

import numpy as np
import pytest

from tests.factories.generation import generation_request
from tests.late import Late
from workers.engines.contract import EngineRefused
from workers.fingerprints.hashes import fingerprint

torch = Late("torch")
families = Late("workers.engines.families")

LONG = "a long long fox in a very long long wood"


@pytest.fixture(params=["toy", "sdxl", "flux"])
def engine(request):
    return request.getfixturevalue(f"{request.param}_engine")


def make(engine, **changes):
    return engine.generate(generation_request(**({"scheduler": "euler", "steps": 2} | changes)))


def picture(engine, **changes):
    return make(engine, **changes).image.tobytes()


@pytest.mark.parametrize("noise_source", ["cpu", "philox"])
def test_a_seed_decides_the_picture(engine, noise_source):
    first = picture(engine, noise_source=noise_source)
    picture(engine, seed=99)
    assert picture(engine, noise_source=noise_source) == first


def test_another_noise_source_seed_or_prompt_is_another_picture(engine):
    pictures = {
        picture(engine),
        picture(engine, noise_source="philox"),
        picture(engine, seed=8),
        picture(engine, prompt="zz"),
    }
    assert len(pictures) == 4


def test_the_provenance_names_the_noise(engine):
    assert make(engine, noise_source="philox").provenance.noise_source == "philox"
    planned = engine.plan(generation_request(scheduler="euler", steps=2, noise_source="philox"))
    made = make(engine, noise_source="philox").provenance
    assert planned.as_dict() | {"seconds": made.seconds} == made.as_dict()


def test_sizes_are_kept(engine):
    assert make(engine, width=96, height=64).image.size == (96, 64)


def test_a_batch_is_its_single_pictures(engine):
    requests = [
        generation_request(
            scheduler="euler", steps=2, seed=seed, prompt=f"fox {seed}", noise_source=source
        )
        for source, seeds in (("cpu", 4), ("philox", 2))
        for seed in range(seeds)
    ]
    for part in (requests[:4], requests[4:]):
        together = engine.generate_batch(part)
        for request, result in zip(part, together, strict=True):
            alone = engine.generate(request)
            ours, theirs = fingerprint(result.image), fingerprint(alone.image)
            assert (ours.pdq, ours.dct256) == (theirs.pdq, theirs.dct256)
            gap = np.asarray(result.image, int) - np.asarray(alone.image, int)
            assert np.abs(gap).max() <= 1
            assert result.evaluations == alone.evaluations
            assert result.provenance.seed == request.seed


def test_requests_that_differ_in_more_are_no_batch(engine):
    with pytest.raises(EngineRefused, match="differ in prompt and seed"):
        engine.generate_batch([generation_request(), generation_request(steps=4)])


def test_no_requests_are_no_pictures(engine):
    assert engine.generate_batch([]) == []


def test_guidance_costs_a_second_evaluation_except_in_flux(toy_engine, sdxl_engine, flux_engine):
    for engine in (toy_engine, sdxl_engine):
        assert make(engine, guidance_scale=4.0).evaluations == 4
        assert make(engine, guidance_scale=1.0).evaluations == 2
    assert make(flux_engine, guidance_scale=4.0).evaluations == 2


def test_two_stage_schedulers_are_counted_and_told_by_steps(sdxl_engine):
    heard = []
    request = generation_request(scheduler="heun", steps=3)
    result = sdxl_engine.generate(request, lambda *step: heard.append(step))
    assert result.evaluations == 10  # five calls under guidance
    assert heard[-1] == (3, 3)
    assert {steps for _, steps in heard} == {3}
    assert [step for step, _ in heard] == sorted(step for step, _ in heard)


def test_step_noise_follows_the_seed_and_the_source(sdxl_engine):
    requests = [
        generation_request(scheduler="euler_a", noise_source="philox", seed=seed) for seed in (7, 8)
    ]
    alone = [sdxl_engine.generate(request).image for request in requests]
    together = [result.image for result in sdxl_engine.generate_batch(requests)]
    for one, other in zip(alone, together, strict=True):
        assert np.abs(np.asarray(one, int) - np.asarray(other, int)).max() <= 1
    assert sdxl_engine.generate(requests[0]).image.tobytes() == alone[0].tobytes()
    assert alone[0].tobytes() != alone[1].tobytes()


def test_negative_prompts(sdxl_engine, flux_engine):
    assert picture(sdxl_engine, negative_prompt="bird") != picture(sdxl_engine)
    with pytest.raises(EngineRefused, match="reads no negative prompt"):
        make(flux_engine, negative_prompt="bird")


def test_guidance_is_an_input_of_flux(flux_engine):
    assert picture(flux_engine, guidance_scale=1.0) != picture(flux_engine, guidance_scale=4.0)


def test_schnell_takes_no_guidance(schnell_engine):
    assert picture(schnell_engine, guidance_scale=0.0) == picture(
        schnell_engine, guidance_scale=4.0
    )


def test_packing_is_that_of_the_pipeline(flux_engine):
    pipeline = flux_engine._cache.get(flux_engine._spec).pipeline
    latents = torch.arange(2 * 4 * 6 * 8, dtype=torch.float32).view(2, 4, 6, 8)
    assert torch.equal(families.Flux().pack(latents), pipeline._pack_latents(latents, 2, 4, 6, 8))


def test_a_flux_scheduler_that_solves_no_flow_is_refused(flux_engine):
    with pytest.raises(EngineRefused, match="'ddim' is not one of"):
        make(flux_engine, scheduler="ddim")


def test_long_prompts_are_read_to_the_end(toy_engine, sdxl_engine):
    for engine in (toy_engine, sdxl_engine):
        result = make(engine, prompt=LONG)
        assert not result.prompt_truncated
        assert picture(engine, prompt=LONG + " x") != result.image.tobytes()


def test_flux_says_when_it_did_not_read_the_end(flux_engine):
    result = make(flux_engine, prompt=LONG)
    assert result.prompt_truncated
    assert not make(flux_engine, prompt="a fox").prompt_truncated


def test_weights_move_the_picture_and_a_weight_of_one_does_not(toy_engine, sdxl_engine):
    for engine in (toy_engine, sdxl_engine):
        pictures = {picture(engine, prompt=f"a ({word}) fox") for word in ("red:1.4", "red:0.5")}
        pictures.add(picture(engine, prompt="a red fox"))
        assert len(pictures) == 3
        assert picture(engine, negative_prompt="(bird:1.5)") != picture(
            engine, negative_prompt="bird"
        )


def test_a_batch_with_a_long_prompt_leaves_the_others_alone(toy_engine):
    prompts = ["a fox", LONG, "an owl", "(owl:1.3)", "a cat"]
    requests = [generation_request(prompt=prompt, steps=2) for prompt in prompts]
    for request, result in zip(requests, toy_engine.generate_batch(requests), strict=True):
        assert fingerprint(result.image).pdq == fingerprint(toy_engine.generate(request).image).pdq
