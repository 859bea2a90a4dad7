"""How many tokens a text has, roughly, where no tokenizer is at hand."""

from __future__ import annotations

import re

_PIECE = re.compile(r"[^\W\d_]+|\d|[^\w\s]|_")
_COMMON_LENGTH = 7
"""Words up to this long are mostly one token of CLIP's or T5's vocabulary."""
_SYLLABLES = 4
START_AND_END = 2


def estimated_tokens(text: str) -> int:
    """About how many tokens CLIP's or T5's tokenizer makes of a text, start and end included.

    Everyday words count one, longer ones one for every four letters more, digits and punctuation
    one each; scripts without spaces count each letter. An estimate: nothing was measured, and the
    remarks that rest on it say "about".
    """
    return START_AND_END + sum(_tokens_of(piece) for piece in _PIECE.findall(text))


def _tokens_of(piece: str) -> int:
    if not piece.isascii():
        return len(piece)
    extra = max(0, len(piece) - _COMMON_LENGTH)
    return 1 + -(-extra // _SYLLABLES)
