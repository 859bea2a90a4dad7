"""Midjourney: the prompt with its flags in PNG's Description or in XMP, closed by a job id."""

from __future__ import annotations

import re

from marketplace.images.metadata.parts import Embedded
from marketplace.images.metadata.reading import Reading
from marketplace.images.metadata.settings import Confidence
from marketplace.images.metadata.work import Work

_JOB = "Job ID: "
_FLAG = re.compile(r"\s--([a-z]{1,20}+)((?:\s++(?!--)[^\s]{1,200}+){0,60}+)")
_LABELS = {"ar": "aspect ratio", "s": "stylize", "v": "version", "niji": "niji version"}


def read(file: Embedded, work: Work) -> Reading | None:
    """The first description that ends in a job id."""
    for text in file.named("Description", "dc:description", "ImageDescription"):
        prompt, job, _ = text.text.rpartition(_JOB)
        if not job:
            continue
        reading = Reading("Midjourney", f"{text.part}, {text.key}")
        first = prompt.find(" --")
        words = prompt if first < 0 else prompt[:first]
        reading.put("prompt", words, "text before the flags")
        version = ""
        for match in _FLAG.finditer(prompt[max(first, 0) :][:20_000]):
            work.step()
            flag, value = match.group(1), match.group(2).strip()
            if flag == "seed":
                reading.put("seed", value, "--seed")
            elif flag == "no":
                reading.put("negative_prompt", value, "--no")
            else:
                version = value if flag in ("v", "version") else version
                reading.put_other(_LABELS.get(flag, flag), value or "on", f"--{flag}")
        name = f"Midjourney {version}".strip()
        reading.put("model", name, "--v" if version else "Job ID", Confidence.MEDIUM)
        return reading
    return None
