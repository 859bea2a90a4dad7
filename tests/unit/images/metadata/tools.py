"""Files as the tools write them: the same chunks, tags, keys and encodings, pictures of our own."""

from __future__ import annotations

import io
import json
from typing import Any

from PIL import Image, PngImagePlugin

from tests.unit.images.builders import encode, picture

USER_COMMENT, EXIF_IFD, MAKER_NOTE = 0x9286, 0x8769, 0x927C

A1111_TEXT = (
    "a paper fox, <lora:papercut_v2:0.8> (soft light:1.2), [blurry:sharp:0.5]\n"
    "second line\n"
    "Negative prompt: lowres, text\n"
    "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 3721905518, "
    "Size: 512x768, Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Clip skip: 2, "
    'Lora hashes: "papercut_v2: 9c1dd6c0e8a3", Denoising strength: 0.4, '
    'TI hashes: "easynegative: c74b4e810b03", Version: v1.10.1'
)
FORGE_TEXT = (
    "a red boat\nSteps: 4, Sampler: Euler, Schedule type: Simple, CFG scale: 1, "
    "Distilled CFG Scale: 3.5, Seed: 12, Size: 1024x1024, Model hash: 9403429e00, "
    "Model: flux1-schnell, Version: f2.0.1v1.10.1-previous-659-gc055f2d4, Module 1: ae"
)
CIVITAI_TEXT = (
    "a lighthouse\nNegative prompt: text\nSteps: 25, Sampler: DPM++ 2M Karras, CFG scale: 5.5, "
    "Seed: 99, Size: 832x1216, Clip skip: 2, Created Date: 2025-01-25T10:20:30.1234567Z, "
    'Civitai resources: [{"type":"checkpoint","modelVersionId":128078,"modelName":"SD XL, base"}], '
    "Civitai metadata: {}"
)

COMFY_PROMPT: dict[str, Any] = {
    "3": {
        "inputs": {
            "seed": 156680208700286,
            "steps": 20,
            "cfg": 8.0,
            "sampler_name": "euler_ancestral",
            "scheduler": "karras",
            "denoise": 1.0,
            "model": ["10", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
        "class_type": "KSampler",
    },
    "4": {
        "inputs": {"ckpt_name": "SDXL/sd_xl_base_1.0.safetensors"},
        "class_type": "CheckpointLoaderSimple",
    },
    "5": {
        "inputs": {"width": 1024, "height": 768, "batch_size": 1},
        "class_type": "EmptyLatentImage",
    },
    "6": {"inputs": {"text": "a glass bottle", "clip": ["10", 1]}, "class_type": "CLIPTextEncode"},
    "7": {"inputs": {"text": "watermark", "clip": ["10", 1]}, "class_type": "CLIPTextEncode"},
    "8": {"inputs": {"samples": ["3", 0], "vae": ["4", 2]}, "class_type": "VAEDecode"},
    "9": {"inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}, "class_type": "SaveImage"},
    "10": {
        "inputs": {
            "lora_name": "glass.safetensors",
            "strength_model": 0.75,
            "strength_clip": 1.0,
            "model": ["4", 0],
            "clip": ["4", 1],
        },
        "class_type": "LoraLoader",
    },
}
FLUX_PROMPT: dict[str, Any] = {
    "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux1-schnell.safetensors"}},
    "2": {"class_type": "RandomNoise", "inputs": {"noise_seed": ["20", 0]}},
    "3": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
    "4": {
        "class_type": "BasicScheduler",
        "inputs": {"scheduler": "simple", "steps": 4, "denoise": 1.0, "model": ["1", 0]},
    },
    "5": {
        "class_type": "BasicGuider",
        "inputs": {"model": ["1", 0], "conditioning": ["6", 0]},
    },
    "6": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["7", 0]}},
    "7": {
        "class_type": "CLIPTextEncodeFlux",
        "inputs": {"clip_l": "a heron", "t5xxl": "a heron", "guidance": 3.5, "clip": ["9", 0]},
    },
    "8": {
        "class_type": "SamplerCustomAdvanced",
        "inputs": {
            "noise": ["2", 0],
            "guider": ["5", 0],
            "sampler": ["3", 0],
            "sigmas": ["4", 0],
            "latent_image": ["10", 0],
        },
    },
    "10": {
        "class_type": "EmptySD3LatentImage",
        "inputs": {"width": 1024, "height": 1024, "batch_size": 1},
    },
    "11": {"class_type": "VAEDecode", "inputs": {"samples": ["8", 0], "vae": ["12", 0]}},
    "13": {"class_type": "SaveImage", "inputs": {"images": ["11", 0]}},
    "20": {"class_type": "PrimitiveInt", "inputs": {"value": 77}},
}
COMFY_WORKFLOW: dict[str, Any] = {
    "last_node_id": 9,
    "nodes": [
        {
            "id": 3,
            "type": "KSampler",
            "mode": 0,
            "inputs": [
                {"name": "model", "type": "MODEL", "link": 1},
                {"name": "positive", "type": "CONDITIONING", "link": 4},
                {"name": "negative", "type": "CONDITIONING", "link": 6},
                {"name": "latent_image", "type": "LATENT", "link": 2},
            ],
            "widgets_values": [42, "randomize", 30, 6.5, "dpmpp_2m", "normal", 1],
        },
        {"id": 4, "type": "CheckpointLoaderSimple", "widgets_values": ["paper.ckpt"]},
        {"id": 5, "type": "EmptyLatentImage", "widgets_values": [512, 640, 1]},
        {"id": 6, "type": "CLIPTextEncode", "widgets_values": ["a kite"], "inputs": []},
        {"id": 7, "type": "CLIPTextEncode", "widgets_values": ["grey"], "inputs": []},
        {
            "id": 8,
            "type": "VAEDecode",
            "inputs": [{"name": "samples", "type": "LATENT", "link": 7}],
        },
        {
            "id": 9,
            "type": "SaveImage",
            "inputs": [{"name": "images", "type": "IMAGE", "link": 9}],
            "widgets_values": ["ComfyUI"],
        },
    ],
    "links": [
        [1, 4, 0, 3, 0, "MODEL"],
        [2, 5, 0, 3, 3, "LATENT"],
        [4, 6, 0, 3, 1, "CONDITIONING"],
        [6, 7, 0, 3, 2, "CONDITIONING"],
        [7, 3, 0, 8, 0, "LATENT"],
        [9, 8, 0, 9, 0, "IMAGE"],
    ],
    "version": 0.4,
}

INVOKE: dict[str, Any] = {
    "generation_mode": "sdxl_txt2img",
    "positive_prompt": "a stone bridge",
    "negative_prompt": "people",
    "width": 1024,
    "height": 832,
    "seed": 1878905731,
    "rand_device": "cpu",
    "cfg_scale": 6.0,
    "steps": 30,
    "scheduler": "dpmpp_2m_k",
    "model": {
        "key": "1e4b",
        "hash": "blake3:a1b2c3d4",
        "name": "stable-diffusion-xl-base-1-0",
        "base": "sdxl",
        "type": "main",
    },
    "loras": [
        {
            "model": {"key": "9", "hash": "blake3:ff", "name": "ink-wash", "base": "sdxl"},
            "weight": 0.6,
        }
    ],
    "app_version": "5.4.2",
}
INVOKE_2: dict[str, Any] = {
    "model": "stable diffusion",
    "model_weights": "stable-diffusion-1.5",
    "model_hash": "cc6cb27103417325ff94f52b7a5d2dde45a7515b25c255d8e396c90014281516",
    "app_version": "v2.3.5",
    "image": {
        "prompt": [{"prompt": "an owl [blurry, text]", "weight": 1.0}],
        "steps": 40,
        "cfg_scale": 7.5,
        "seed": 7,
        "sampler": "k_lms",
        "height": 512,
        "width": 640,
    },
}
DREAM = '"a red fox [blurry]" -s 50 -S 3357757885 -W 512 -H 768 -C 7.5 -A k_euler_a'

SWARM: dict[str, Any] = {
    "sui_image_params": {
        "prompt": "a tin robot",
        "negativeprompt": "rust",
        "model": "OfficialStableDiffusion/sd_xl_base_1.0",
        "seed": 305223794,
        "steps": 25,
        "cfgscale": 6.5,
        "aspectratio": "1:1",
        "width": 1024,
        "height": 1024,
        "sampler": "dpmpp_2m",
        "scheduler": "karras",
        "loras": ["tin/robots"],
        "loraweights": ["0.7"],
        "swarm_version": "0.9.5.0",
    },
    "sui_extra_data": {"date": "2025-01-25", "generation_time": "4.84 sec"},
    "sui_models": [
        {
            "name": "OfficialStableDiffusion/sd_xl_base_1.0.safetensors",
            "param": "model",
            "hash": "0xd7a9105a900fd52748f20725fe52fe52b507fd36bee4fc107b1550a26e6ee1d7",
        },
        {"name": "tin/robots.safetensors", "param": "loras", "hash": "0xabcd"},
    ],
}

FOOOCUS: dict[str, Any] = {
    "adm_guidance": "(1.5, 0.8, 0.3)",
    "base_model": "juggernautXL_v8Rundiffusion",
    "base_model_hash": "aeb7e9e689",
    "clip_skip": 2,
    "full_negative_prompt": ["", "worst quality"],
    "full_prompt": ["cinematic still a desert . emotional, harmonious"],
    "guidance_scale": 4,
    "loras": [["sd_xl_offset_example-lora_1.0", 0.1, "4852686128"]],
    "metadata_scheme": "fooocus",
    "negative_prompt": "unrealistic",
    "performance": "Speed",
    "prompt": "a desert",
    "refiner_model": "None",
    "resolution": "(1152, 896)",
    "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras",
    "seed": "4242424242424242424",
    "sharpness": 2,
    "steps": 30,
    "styles": "['Fooocus V2', 'Fooocus Cinematic']",
    "vae": "Default (model)",
    "version": "Fooocus v2.5.5",
}

NOVELAI_COMMENT: dict[str, Any] = {
    "prompt": "a small house, rain",
    "steps": 28,
    "height": 1216,
    "width": 832,
    "scale": 5.0,
    "uncond_scale": 0.0,
    "cfg_rescale": 0.0,
    "seed": 3071474384,
    "n_samples": 1,
    "noise_schedule": "karras",
    "sampler": "k_euler_ancestral",
    "sm": False,
    "uc": "lowres, bad anatomy",
    "request_type": "PromptGenerateRequest",
    "v4_prompt": {
        "caption": {
            "base_caption": "a small house, rain",
            "char_captions": [
                {"char_caption": "a man with an umbrella", "centers": [{"x": 0.5, "y": 0.5}]}
            ],
        }
    },
    "version": 1,
}
MIDJOURNEY = (
    "a fox made of paper, studio light --no text, frame --ar 16:9 --seed 1234 --v 6.1 "
    "Job ID: 0f9d6e6c-65b3-4c3c-a7b5-7d0f36a4d7a1"
)


def png(**texts: str) -> bytes:
    """A PNG with these text chunks; Pillow writes tEXt, or iTXt where Latin-1 does not do."""
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    return encode(picture(), "PNG", pnginfo=info)


def novelai_png() -> bytes:
    return png(
        Title="NovelAI generated image",
        Description=NOVELAI_COMMENT["prompt"],
        Software="NovelAI",
        Source="NovelAI Diffusion V4.5 4BB8B1D7",
        Comment=json.dumps(NOVELAI_COMMENT),
    )


def user_comment(text: str, charset: str = "utf-16-be") -> bytes:
    """As piexif dumps it for A1111: big-endian behind UNICODE, whatever the block's own order."""
    return b"UNICODE\0" + text.encode(charset)


def with_exif(fmt: str, comment: bytes | str, in_first_directory: bool = False) -> bytes:
    """A JPEG, WebP or PNG with a UserComment, in its own directory or (Fooocus) in the first."""
    tags = Image.Exif()
    if in_first_directory:
        tags[USER_COMMENT] = comment
        tags[MAKER_NOTE] = "fooocus"
    else:
        tags[0x0112] = 1  # Pillow writes no block whose first directory is empty into a PNG
        tags.get_ifd(EXIF_IFD)[USER_COMMENT] = comment
    return encode(picture(), fmt, exif=tags)


def comfy_webp() -> bytes:
    """As ComfyUI's SaveAnimatedWEBP does: Model holds the prompt, Make the workflow."""
    tags = Image.Exif()
    tags[0x0110] = f"prompt:{json.dumps(COMFY_PROMPT)}"
    tags[0x010F] = f"workflow:{json.dumps(COMFY_WORKFLOW)}"
    return encode(picture(), "WEBP", exif=tags)


def with_xmp(fmt: str, packet: str) -> bytes:
    if fmt == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet)
        return encode(picture(), "PNG", pnginfo=info)
    return encode(picture(), fmt, xmp=packet.encode())


def reopened(data: bytes) -> Image.Image:
    """The picture as a decoder sees it: a built file must be a real one."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image
