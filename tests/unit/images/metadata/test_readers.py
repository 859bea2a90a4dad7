"""Every reader against files in its tool's own layout."""

from __future__ import annotations

import json
from typing import Any

import pytest

from marketplace.images.metadata import Confidence, GenerationSettings, read_settings
from tests.unit.images.builders import encode, picture
from tests.unit.images.metadata import tools
from tests.unit.images.metadata.tools import png, reopened, user_comment, with_exif, with_xmp


def read(data: bytes) -> GenerationSettings:
    reopened(data)
    return read_settings(data)


def values(settings: GenerationSettings) -> dict[str, Any]:
    return {name: found["value"] for name, found in settings.as_json()["fields"].items()}


A1111_VALUES = {
    "prompt": tools.A1111_TEXT.partition("\nNegative")[0],
    "negative_prompt": "lowres, text",
    "model": "v1-5-pruned-emaonly",
    "model_hash": "6ce0161689",
    "seed": 3721905518,
    "sampler": "DPM++ 2M",
    "schedule": "Karras",
    "steps": 20,
    "guidance": 7.0,
    "width": 512,
    "height": 768,
}


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (png(parameters=tools.A1111_TEXT), "PNG tEXt, parameters"),
        (with_exif("JPEG", user_comment(tools.A1111_TEXT)), "JPEG EXIF, UserComment"),
        (with_exif("WEBP", user_comment(tools.A1111_TEXT)), "WebP EXIF, UserComment"),
        (with_exif("PNG", user_comment(tools.A1111_TEXT)), "PNG EXIF, UserComment"),
        (
            with_exif("JPEG", user_comment(tools.A1111_TEXT, "utf-16-le")),
            "JPEG EXIF, UserComment",
        ),
        (
            with_exif("JPEG", b"ASCII\0\0\0" + tools.A1111_TEXT.encode()),
            "JPEG EXIF, UserComment",
        ),
        (encode(picture(), "JPEG", comment=tools.A1111_TEXT.encode()), "JPEG, comment"),
    ],
    ids=["png", "jpeg", "webp", "png-exif", "little-endian", "ascii", "jpeg-comment"],
)
def test_a1111(data: bytes, part: str):
    settings = read(data)
    assert settings.tool == "A1111"
    assert values(settings) == A1111_VALUES
    assert settings.seed is not None
    assert str(settings.seed.origin) == f"A1111, {part}, Seed"
    assert settings.seed.confidence is Confidence.HIGH
    assert [(lora.value.name, lora.value.weight, lora.value.hash) for lora in settings.loras] == [
        ("papercut_v2", 0.8, "9c1dd6c0e8a3")
    ]
    assert {"Clip skip", "Denoising strength", "Version"} <= dict(settings.others).keys()
    assert not settings.notes


def test_prompts_in_any_script_survive():
    text = "紙の狐, лиса из бумаги, ثعلب\nNegative prompt: 文字\n" + tools.FORGE_TEXT.split("\n")[1]
    for data in (png(parameters=text), with_exif("WEBP", user_comment(text))):
        found = values(read(data))
        assert found["prompt"] == "紙の狐, лиса из бумаги, ثعلب"
        assert found["negative_prompt"] == "文字"


def test_forge_and_civitai_are_told_apart_from_a1111():
    forge = read(png(parameters=tools.FORGE_TEXT))
    assert forge.tool == "Forge"
    assert values(forge)["schedule"] == "Simple"
    assert "negative_prompt" not in values(forge)
    assert dict(forge.others)["Distilled CFG Scale"].value == "3.5"

    civitai = read(with_exif("JPEG", user_comment(tools.CIVITAI_TEXT, "utf-16-le")))
    assert civitai.tool == "Civitai"
    assert values(civitai)["sampler"] == "DPM++ 2M Karras"
    assert "modelName" in dict(civitai.others)["Civitai resources"].value
    assert dict(civitai.others)["Civitai metadata"].value == "{}"


def test_words_of_the_format_inside_a_prompt_do_not_mislead():
    text = "Steps: to heaven, Negative prompt: none\nNegative prompt: a\nNegative prompt: b\n"
    settings = read(png(parameters=text + "Steps: 9, Sampler: Euler, Seed: 5, CFG scale: 2"))
    assert values(settings) == {
        "prompt": "Steps: to heaven, Negative prompt: none",
        "negative_prompt": "a\nNegative prompt: b",
        "sampler": "Euler",
        "seed": 5,
        "steps": 9,
        "guidance": 2.0,
    }


COMFY_VALUES = {
    "prompt": "a glass bottle",
    "negative_prompt": "watermark",
    "model": "sd_xl_base_1.0",
    "seed": 156680208700286,
    "sampler": "euler_ancestral",
    "schedule": "karras",
    "steps": 20,
    "guidance": 8.0,
    "width": 1024,
    "height": 768,
}


@pytest.mark.parametrize(
    "data",
    [
        png(prompt=json.dumps(tools.COMFY_PROMPT), workflow=json.dumps(tools.COMFY_WORKFLOW)),
        tools.comfy_webp(),
    ],
    ids=["png", "webp"],
)
def test_comfyui(data: bytes):
    settings = read(data)
    assert settings.tool == "ComfyUI"
    assert values(settings) == COMFY_VALUES
    assert settings.seed is not None
    assert settings.seed.origin.key == "node 3 (KSampler), seed"
    assert settings.prompt is not None
    assert settings.prompt.confidence is Confidence.MEDIUM
    assert [(lora.value.name, lora.value.weight) for lora in settings.loras] == [("glass", 0.75)]


def test_comfyui_with_a_guider():
    settings = read(png(prompt=json.dumps(tools.FLUX_PROMPT)))
    assert values(settings) == {
        "prompt": "a heron",
        "model": "flux1-schnell",
        "seed": 77,
        "sampler": "euler",
        "schedule": "simple",
        "steps": 4,
        "guidance": 3.5,
        "width": 1024,
        "height": 1024,
    }
    assert settings.seed is not None
    assert settings.seed.origin.key == "node 20 (PrimitiveInt), value"


def test_comfyui_takes_the_first_of_two_passes():
    graph = json.loads(json.dumps(tools.COMFY_PROMPT))
    graph["30"] = json.loads(json.dumps(graph["3"]))
    graph["30"]["inputs"] |= {"seed": 1, "denoise": 0.4, "latent_image": ["31", 0]}
    graph["31"] = {"class_type": "LatentUpscaleBy", "inputs": {"samples": ["3", 0]}}
    graph["8"]["inputs"]["samples"] = ["30", 0]
    settings = read(png(prompt=json.dumps(graph)))
    assert values(settings) == COMFY_VALUES
    assert any("several samplers" in note for note in settings.notes)


def test_comfyui_keeps_the_sides_of_a_controlnet_apart():
    graph = json.loads(json.dumps(tools.COMFY_PROMPT))
    graph["40"] = {
        "class_type": "ControlNetApplyAdvanced",
        "inputs": {"positive": ["6", 0], "negative": ["7", 0], "strength": 1.0},
    }
    graph["3"]["inputs"] |= {"positive": ["40", 0], "negative": ["40", 1]}
    assert values(read(png(prompt=json.dumps(graph)))) == COMFY_VALUES


def test_comfyui_follows_linked_and_zeroed_texts():
    graph = json.loads(json.dumps(tools.COMFY_PROMPT))
    graph["6"]["inputs"]["text"] = ["50", 0]
    graph["50"] = {
        "class_type": "StringConcatenate",
        "inputs": {"string_a": "a glass", "string_b": ["51", 0], "delimiter": " "},
    }
    graph["51"] = {"class_type": "PrimitiveString", "inputs": {"value": "bottle"}}
    graph["7"] = {"class_type": "ConditioningZeroOut", "inputs": {"conditioning": ["6", 0]}}
    found = values(read(png(prompt=json.dumps(graph))))
    assert found == {
        name: value for name, value in COMFY_VALUES.items() if name != "negative_prompt"
    }


def test_a_workflow_without_its_prompt_is_read_with_low_confidence():
    settings = read(png(workflow=json.dumps(tools.COMFY_WORKFLOW)))
    assert values(settings) == {
        "prompt": "a kite",
        "negative_prompt": "grey",
        "model": "paper",
        "seed": 42,
        "sampler": "dpmpp_2m",
        "schedule": "normal",
        "steps": 30,
        "guidance": 6.5,
        "width": 512,
        "height": 640,
    }
    assert {row.confidence for row in settings.rows()} == {Confidence.LOW}
    assert any("only the drawing" in note for note in settings.notes)


def test_comfyui_with_nan_as_it_writes_it():
    text = json.dumps(
        tools.COMFY_PROMPT | {"99": {"class_type": "X", "inputs": {"a": float("nan")}}}
    )
    assert "NaN" in text
    assert values(read(png(prompt=text))) == COMFY_VALUES


def test_invokeai():
    settings = read(png(invokeai_metadata=json.dumps(tools.INVOKE)))
    assert settings.tool == "InvokeAI"
    assert values(settings) == {
        "prompt": "a stone bridge",
        "negative_prompt": "people",
        "model": "stable-diffusion-xl-base-1-0",
        "model_hash": "blake3:a1b2c3d4",
        "seed": 1878905731,
        "sampler": "dpmpp_2m_k",
        "steps": 30,
        "guidance": 6.0,
        "width": 1024,
        "height": 832,
    }
    assert [(lora.value.name, lora.value.weight) for lora in settings.loras] == [("ink-wash", 0.6)]


def test_older_invokeai():
    second = read(png(**{"sd-metadata": json.dumps(tools.INVOKE_2)}))
    assert values(second)["prompt"] == "an owl"
    assert values(second)["negative_prompt"] == "blurry, text"
    assert values(second)["sampler"] == "k_lms"
    dream = read(png(Dream=tools.DREAM))
    assert values(dream) == {
        "prompt": "a red fox",
        "negative_prompt": "blurry",
        "seed": 3357757885,
        "sampler": "k_euler_a",
        "steps": 50,
        "guidance": 7.5,
        "width": 512,
        "height": 768,
    }


@pytest.mark.parametrize(
    "data",
    [
        png(parameters=json.dumps(tools.SWARM)),
        with_exif("JPEG", user_comment(json.dumps(tools.SWARM), "utf-16-le")),
        with_exif("WEBP", user_comment(json.dumps(tools.SWARM))),
    ],
    ids=["png", "jpeg", "webp"],
)
def test_swarmui(data: bytes):
    settings = read(data)
    assert settings.tool == "SwarmUI"
    assert values(settings) == {
        "prompt": "a tin robot",
        "negative_prompt": "rust",
        "model": "sd_xl_base_1.0",
        "model_hash": "d7a9105a900fd52748f20725fe52fe52b507fd36bee4fc107b1550a26e6ee1d7",
        "seed": 305223794,
        "sampler": "dpmpp_2m",
        "schedule": "karras",
        "steps": 25,
        "guidance": 6.5,
        "width": 1024,
        "height": 1024,
    }
    assert [(x.value.name, x.value.weight, x.value.hash) for x in settings.loras] == [
        ("robots", 0.7, "abcd")
    ]


@pytest.mark.parametrize(
    "data",
    [
        png(parameters=json.dumps(tools.FOOOCUS), fooocus_scheme="fooocus"),
        with_exif("JPEG", json.dumps(tools.FOOOCUS), in_first_directory=True),
        with_exif("WEBP", json.dumps(tools.FOOOCUS), in_first_directory=True),
    ],
    ids=["png", "jpeg", "webp"],
)
def test_fooocus(data: bytes):
    settings = read(data)
    assert settings.tool == "Fooocus"
    assert values(settings) == {
        "prompt": "a desert",
        "negative_prompt": "unrealistic",
        "model": "juggernautXL_v8Rundiffusion",
        "model_hash": "aeb7e9e689",
        "seed": 4242424242424242424,
        "sampler": "dpmpp_2m_sde_gpu",
        "schedule": "karras",
        "steps": 30,
        "guidance": 4.0,
        "width": 1152,
        "height": 896,
    }
    assert [(lora.value.name, lora.value.weight) for lora in settings.loras] == [
        ("sd_xl_offset_example-lora_1.0", 0.1)
    ]
    assert any("styles" in note for note in settings.notes)


def test_novelai():
    settings = read(tools.novelai_png())
    assert settings.tool == "NovelAI"
    assert values(settings) == {
        "prompt": "a small house, rain",
        "negative_prompt": "lowres, bad anatomy",
        "model": "NovelAI Diffusion V4.5",
        "model_hash": "4BB8B1D7",
        "seed": 3071474384,
        "sampler": "k_euler_ancestral",
        "schedule": "karras",
        "steps": 28,
        "guidance": 5.0,
        "width": 832,
        "height": 1216,
    }
    assert dict(settings.others)["prompt, character 1"].value == "a man with an umbrella"


def test_midjourney_in_a_chunk_and_in_xmp():
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description><dc:description><rdf:Alt>'
        f'<rdf:li xml:lang="x-default">{tools.MIDJOURNEY}</rdf:li></rdf:Alt></dc:description>'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    for data in (png(Description=tools.MIDJOURNEY, Author="fox"), with_xmp("JPEG", packet)):
        settings = read(data)
        assert settings.tool == "Midjourney"
        assert values(settings) == {
            "prompt": "a fox made of paper, studio light",
            "negative_prompt": "text, frame",
            "model": "Midjourney 6.1",
            "seed": 1234,
        }
        assert dict(settings.others)["aspect ratio"].value == "16:9"


@pytest.mark.parametrize("fmt", ["PNG", "JPEG", "WEBP"])
def test_xmp(fmt: str):
    text = tools.A1111_TEXT.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    packet = (
        '<?xpacket begin=""?><x:xmpmeta><rdf:RDF><rdf:Description exif:ColorSpace="1">'
        f"<exif:UserComment><rdf:Alt><rdf:li>{text}</rdf:li></rdf:Alt></exif:UserComment>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    settings = read(with_xmp(fmt, packet))
    assert values(settings) == A1111_VALUES
    assert settings.seed is not None
    assert "XMP, exif:UserComment" in str(settings.seed.origin)


def test_two_tools_in_one_file_are_joined_and_differences_noted():
    text = "another prompt\nSteps: 21, Sampler: euler_ancestral, Seed: 156680208700286, VAE: x"
    settings = read(png(parameters=text, prompt=json.dumps(tools.COMFY_PROMPT)))
    assert values(settings) == COMFY_VALUES
    assert settings.notes == (
        "Steps: A1111 (PNG tEXt, parameters) says something else than ComfyUI (PNG tEXt, prompt); "
        "the latter is shown.",
    )


def test_a_plain_picture_says_nothing():
    for fmt in ("PNG", "JPEG", "WEBP"):
        settings = read(encode(picture(), fmt))
        assert settings.is_empty
        assert settings.rows() == []
        assert settings.notes == ()


def test_the_table_is_in_the_order_that_people_read():
    rows = read(png(parameters=tools.A1111_TEXT)).rows()
    labels = [row.label for row in rows if row.name not in ("lora", "other")]
    assert labels == [
        "Prompt",
        "Negative prompt",
        "Model",
        "Model hash",
        "Seed",
        "Sampler",
        "Schedule",
        "Steps",
        "Guidance",
        "Width",
        "Height",
    ]
    assert [row.value for row in rows if row.name == "lora"] == ["papercut_v2 (0.8)"]
    assert "paper fox" not in repr(rows)
