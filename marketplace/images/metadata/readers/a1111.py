"""A1111's text and its kin: Forge, SD.Next, Civitai, Fooocus' other scheme, ComfyUI's savers.

Prompt, then "Negative prompt: …", then one line of "Steps: 20, Sampler: Euler, …". One pass with
possessive patterns: no text of any make costs more than its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from marketplace.images.metadata.decoding import read_json
from marketplace.images.metadata.parts import Embedded
from marketplace.images.metadata.readers.common import comments, mapping
from marketplace.images.metadata.reading import Reading
from marketplace.images.metadata.settings import Confidence
from marketplace.images.metadata.work import Work

_NEGATIVE = "Negative prompt:"
_BETWEEN = re.compile(r"[\s,]*+")
_KEY = re.compile(r"(\w[\w \-/]{0,59}+):\s*+")
_QUOTED = re.compile(r'"(?:[^"\\]++|\\.)*+"')
_PIECE = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]|[^"\[\]{}]++|"')
_LORA = re.compile(r"<(?:lora|lyco):([^:<>\n]{1,200}+)(?::([^<>\n]{0,60}+))?>")
_HASHES = re.compile(r"([^:,]{1,200}+):\s*+(\w{1,64}+)")
_FIELDS = {
    "Steps": "steps",
    "Sampler": "sampler",
    "Schedule type": "schedule",
    "Scheduler": "schedule",  # SD.Next and some ComfyUI savers
    "CFG scale": "guidance",
    "Seed": "seed",
    "Model": "model",
    "Model hash": "model_hash",
}
_TOOLS = (("f", "Forge"), ("Fooocus", "Fooocus"), ("ComfyUI", "ComfyUI"), ("neo", "Forge"))
_MAX_SETTINGS = 300
_MAX_LINE = 50_000
"""Characters of the last line; lists of resources make a long one of some thousand."""


def read(file: Embedded, work: Work) -> Reading | None:
    """The first text of this shape in the file."""
    for text in comments(file):
        if text.text.startswith("{"):
            continue
        at = text.text.rfind("\nSteps: ") + 1
        if at == 0 and not text.text.startswith("Steps: "):
            continue
        line = text.text[at : at + _MAX_LINE].partition("\n")[0]
        settings = dict(_settings(line, work))
        if len(settings) >= 3:  # as A1111 itself decides
            reading = Reading(_tool(settings), f"{text.part}, {text.key}")
            _prompts(reading, text.text[:at])
            _fields(reading, settings, work)
            return reading
    return None


def _tool(settings: dict[str, str]) -> str:
    version = settings.get("Version", "")
    if settings.get("App", "").startswith("SD.Next"):
        return "SD.Next"
    if "Civitai resources" in settings and not version:
        return "Civitai"
    for beginning, tool in _TOOLS:
        if version.startswith(beginning):
            return tool
    return "A1111"


def _prompts(reading: Reading, text: str) -> None:
    at = 0 if text.startswith(_NEGATIVE) else text.find("\n" + _NEGATIVE) + 1
    if at == 0 and not text.startswith(_NEGATIVE):
        prompt, negative = text, ""
    else:
        prompt, negative = text[:at], text[at + len(_NEGATIVE) :]
    reading.put("prompt", prompt, "text before the settings")
    reading.put("negative_prompt", negative, "Negative prompt")


def _fields(reading: Reading, settings: dict[str, str], work: Work) -> None:
    for key, name in _FIELDS.items():
        if key in settings:
            reading.put(name, settings[key], key)
    reading.put_size(settings.get("Size"), "Size")
    hashes = mapping(read_json(settings.get("Hashes", "")))
    reading.put("model_hash", hashes.get("model"), "Hashes", Confidence.MEDIUM)
    pairs = _HASHES.findall(settings.get("Lora hashes", "")[:10_000])
    named = {name.strip(): digest for name, digest in pairs}
    prompt = reading.found.get("prompt")
    for match in _LORA.finditer(prompt.value if prompt else ""):
        work.step()
        name, weight = match.group(1), (match.group(2) or "1").split(":")[0]
        digest = named.get(name) or hashes.get(f"lora:{name}")
        reading.put_lora(name, weight, "<lora:…> in the prompt", digest)
    for name, digest in named.items():
        reading.put_lora(name, None, "Lora hashes", digest, Confidence.MEDIUM)
    used = {*_FIELDS, "Size", "Hashes", "Lora hashes"}
    for key, value in settings.items():
        if key not in used:
            reading.put_other(key, value)


def _settings(line: str, work: Work) -> Iterator[tuple[str, str]]:
    """The (key, value) pairs of the last line; values may be quoted, or JSON."""
    offset = 0
    for _ in range(_MAX_SETTINGS):
        work.step()
        between = _BETWEEN.match(line, offset)
        offset = between.end() if between else offset
        match = _KEY.match(line, offset)
        if match is None:
            comma = line.find(",", offset)
            if comma < 0:
                return
            offset = comma + 1
            continue
        start = match.end()
        offset = _end_of_value(line, start)
        raw = line[start:offset].strip()
        quoted = read_json(f"[{raw}]") if raw.startswith('"') else None
        value = quoted[0] if quoted and isinstance(quoted[0], str) else raw
        yield match.group(1), value


def _end_of_value(line: str, start: int) -> int:
    """Where a value ends: after its quotes or brackets, else before the next comma."""
    if line.startswith('"', start):
        match = _QUOTED.match(line, start)
        if match is not None:
            return match.end()
    if line.startswith(("{", "["), start):
        depth = 0
        for piece in _PIECE.finditer(line, start):
            depth += piece.group() in ("{", "[")
            depth -= piece.group() in ("}", "]")
            if depth == 0:
                return piece.end()
        return len(line)
    comma = line.find(",", start)
    return len(line) if comma < 0 else comma
