"""One spelling for many: width, case, accents, look-alike letters and invisible characters.

Every folded character knows the place in the original that it came from.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from confusable_homoglyphs import confusables

from marketplace.policy.findings import Span

_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and symbols without a glyph; format characters and marks go by their category."""
_DROPPED = frozenset({"Cf", "Mn", "Me", "Cc", "Cs", "Co"})
_APOSTROPHES = frozenset("'\u2019\u2018\u02bc`\u00b4\uff07")
_ENCLOSED = (0x1F130, 0x1F150, 0x1F170, 0x1F1E6)
"""Where the alphabets in squares, circles and flags begin: NFKD does not know all of them."""
# What the confusables table leaves out, or maps to another letter than people mean by it.
_MORE = dict(
    zip(
        "ɑɐǝɘәəɛεɜзᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢłøđħŧαβγικνορτυχηωпшщъьвнтмкґғһӏіїјѕҽԁԛԝ",
        "aaeeeeeeeeabcdefghijklmnoprstuvwyzlodhtabyikvoptuxnwnwwbbbhtmkrfhliijsedqw",
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded characters and, for each, the span of the original that it stands for."""

    text: str
    origin: tuple[Span, ...]


def fold(text: str, origin: Sequence[Span] | None = None) -> Folded:
    """Lower-case text without accents, tricks of Unicode and invisible characters.

    Args:
        origin: the span each character of ``text`` came from; by default its own place.
    """
    chars: list[str] = []
    spans: list[Span] = []
    for place, char in enumerate(text):
        span = (place, place + 1) if origin is None else origin[place]
        for folded in _folded(char):
            chars.append(folded)
            spans.append(span)
    return Folded("".join(chars), tuple(spans))


@cache
def _folded(char: str) -> str:
    """What one character becomes: nothing, or mostly one character."""
    if char.isspace():
        return " "
    if char in _APOSTROPHES:
        return "'"
    if char.isascii():
        return char.lower() if char.isprintable() else ""
    if char in _INVISIBLE or unicodedata.category(char) in _DROPPED:
        return ""
    letter = _enclosed(char)
    if letter:
        return letter
    found = []
    for part in unicodedata.normalize("NFKD", char):
        if unicodedata.category(part) in _DROPPED:
            continue
        found.append(_plain(part))
    return "".join(found)


def _plain(char: str) -> str:
    """The ASCII letter or digit that a character looks like, else itself in lower case."""
    if char.isascii():
        return char.lower()
    if char.isspace():
        return " "
    # The capital's own look first: Н looks like H, its small letter н does not.
    for form in dict.fromkeys((char, char.casefold(), char.lower())):
        if form.isascii():
            return form
        known = _look_alikes().get(form)
        if known:
            return known
    return char.casefold()


def _enclosed(char: str) -> str:
    number = ord(char)
    return next((chr(97 + number - first) for first in _ENCLOSED if 0 <= number - first < 26), "")


@cache
def _look_alikes() -> dict[str, str]:
    """Letters of other scripts to the ASCII letter or digit they are taken for."""
    table: dict[str, str] = {}
    for char, twins in confusables.confusables_data.items():
        if len(char) != 1 or char.isascii() or not char.isalpha():
            continue
        plain = [twin["c"] for twin in twins if len(twin["c"]) == 1 and twin["c"].isascii()]
        letters = [twin for twin in plain if twin.isalnum()]
        # Letters before digits: a reader takes the sign for the letter.
        letters.sort(key=lambda twin: (twin.isdigit(), twin))
        if letters:
            table[char] = letters[0].lower()
    return table | _MORE
