"""Names that no list holds, by the shape of what stands around them: “by First Last”, “X cosplay”.

What is found so is only ever soft: a moderator looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from marketplace.policy.capitals import Word, capital_runs, in_headline, words_in
from marketplace.policy.data_files import Strict, load
from marketplace.policy.findings import Finding, Severity, Span
from marketplace.policy.known_words import given_names, is_free_to_name, is_known
from marketplace.policy.passages import Passage
from marketplace.policy.phrases import words_of

_MIN_CUED = 4
_MIN_UNKNOWN = 5
"""Letters of a capitalised word that nobody knows, with and without words that speak for a name."""
_ASCRIBING = frozenset({"by", "of", "like"})
_SAID = {
    "ARTIST_NAME": "an artist whom our lists do not know",
    "REAL_PERSON": "a person whom our lists do not know",
    "THIRD_PARTY_IP": "somebody’s story, figure or brand that our lists do not know",
}
_FIX = {
    "ARTIST_NAME": "Name the technique, the school or the period instead, or somebody long dead.",
    "REAL_PERSON": "Describe the kind of person instead of naming one.",
    "THIRD_PARTY_IP": "Describe what it looks like instead of whose it is.",
}


class Cues(Strict):
    """Words beside a name that say what it names; of several words the gap is one space."""

    code: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class Shapes(Strict):
    """The file data/shapes.json."""

    version: str
    about: str
    cues: tuple[Cues, ...]
    """The first that fits counts."""
    particles: frozenset[str]
    """Small words within a name: van, de."""
    no_names: frozenset[str]
    """Words whose capital is never a name's, nor its neighbour's: Mount, Lake, Saint."""
    plain_titles: frozenset[str]
    """Words with a capital beside which a cue says nothing: Vintage Movie, Space Logo."""
    coined: tuple[str, ...]
    """How words end that people make up for a look: cottagecore, solarpunk."""
    trades: dict[str, frozenset[str]]
    """By kind of listed name: words that make an everyday word one (a singer called IU)."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """A place in a text where a name seems to stand."""

    code: str
    field: str
    span: Span
    text: str


@cache
def shapes() -> Shapes:
    """The cues as they are in the file."""
    return load(Shapes, "shapes.json")


@cache
def _cues(place: str) -> dict[str, tuple[tuple[tuple[str, ...], str], ...]]:
    """(words, code) of all cues before or after a name, the longest first, by the nearest word."""
    found = [
        (words_of(phrase), cues.code)
        for cues in shapes().cues
        for phrase in (cues.before if place == "before" else cues.after)
    ]
    nearest: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for words, code in sorted(found, key=lambda item: -len(item[0])):
        nearest.setdefault(words[-1 if place == "before" else 0], []).append((words, code))
    return {word: tuple(cues) for word, cues in nearest.items()}


def shaped_in(
    passage: Passage, taken: Iterable[Span], odd_words: Mapping[str, str]
) -> list[Shaped]:
    """Names by their shape in one passage, but for places where something was found already.

    Fills and negative prompts are not read: their words were read before, or keep names out.

    Args:
        taken: those places.
        odd_words: words that are nothing but parts of listed names, with the names’ codes.
    """
    if passage.seams or passage.field == "negative_prompt":
        return []
    words = words_in(passage.text)
    taken = list(taken)
    return [
        shaped
        for first, last in (*capital_runs(words, shapes().particles), *_small_runs(words))
        for shaped in [_judged(passage, words, first, last, odd_words)]
        if shaped is not None
        and not any(shaped.span[0] < b and a < shaped.span[1] for a, b in taken)
    ]


def _small_runs(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Without capitals: a given name before no known word; whatever is unknown behind “art by”."""
    for number, word in enumerate(words):
        if word.capital:
            continue
        last = number + (word.linked and number + 1 < len(words))
        pair = last > number and _is_odd(words[last])
        if pair and word.folded in given_names().sure:
            yield number, last
        elif _is_odd(word) and _is_ascribed(words, number):
            yield number, last if pair else number


def _is_odd(word: Word) -> bool:
    """Whether a word in small letters is neither known nor one that people make up: cabincore."""
    plain = not word.capital and len(word.folded) > 2 and word.folded.isalpha()
    return plain and not is_known(word.folded) and not word.folded.endswith(shapes().coined)


def _is_ascribed(words: Sequence[Word], number: int) -> bool:
    """Whether a cue of two words or more that ends in by, of or like stands before a place."""
    before = tuple(word.folded for word in words[max(number - 3, 0) : number])
    if not before or before[-1] not in _ASCRIBING or not words[number - 1].linked:
        return False
    return any(
        len(phrase) > 1 and code == "ARTIST_NAME" and before[-len(phrase) :] == phrase
        for phrase, code in _cues("before").get(before[-1], ())
    )


def _judged(
    passage: Passage,
    words: Sequence[Word],
    first: int,
    last: int,
    odd_words: Mapping[str, str],
) -> Shaped | None:
    if is_free_to_name(tuple(word.folded for word in words[first : last + 1])):
        return None
    first, last = _core(words, first, last)
    run = tuple(word.folded for word in words[first : last + 1])
    if is_free_to_name(run):
        return None
    weak = not words[first].capital or in_headline(words, first, last)
    ascribed = first > 0 and _is_ascribed(words, first)
    code = _code(run, _cue(words, first, last), weak, first == 0, ascribed)
    if code is None:
        code = next((odd_words[word] for word in run if word in odd_words), None)
    if code is None:
        return None
    span = (words[first].start, words[last].end)
    return Shaped(code, passage.field, span, passage.text[span[0] : span[1]])


def _core(words: Sequence[Word], first: int, last: int) -> tuple[int, int]:
    """The name within a run: of many capitals a given name with the odd word behind it; else what
    stands behind everyday words that a sentence opens with.
    """
    if last - first > 1:
        for number in range(first, last):
            odd = not is_known(words[number + 1].folded)
            if words[number].folded in given_names().sure and odd:
                return number, number + 1
    while last - first > 1 and is_known(words[first].folded):
        if _may_be_given(words[first].folded) or not _may_be_given(words[first + 1].folded):
            break
        first += 1
    return first, last


def _may_be_given(word: str) -> bool:
    return word in given_names().sure or word in given_names().doubtful


def _cue(words: Sequence[Word], first: int, last: int) -> str | None:
    """The code that the words before or behind a run speak for."""
    before = [
        word.folded
        for number, word in enumerate(words[max(first - 4, 0) : first], max(first - 4, 0))
        if all(words[i].linked for i in range(number, first))
    ]
    after = []
    for number in range(last, min(last + 3, len(words) - 1)):
        gap_is_plain = words[number].linked or words[number].end + 1 == words[number + 1].start
        if not gap_is_plain:
            break
        after.append(words[number + 1].folded)
    return cue_beside(before, after)


def cue_beside(before: Sequence[str], after: Sequence[str]) -> str | None:
    """The code that the folded words before or behind a place speak for."""
    for phrase, code in _cues("before").get(before[-1], ()) if before else ():
        if tuple(before[-len(phrase) :]) == phrase:
            return code
    for phrase, code in _cues("after").get(after[0], ()) if after else ():
        if tuple(after[: len(phrase)]) == phrase:
            return code
    return None


def _code(
    run: tuple[str, ...], cue: str | None, weak: bool, opens: bool, ascribed: bool
) -> str | None:
    """What a run names, if it is name enough for how much its surroundings say.

    Args:
        weak: whether its capitals say nothing, or it has none.
        opens: whether it begins its text, where a capital is the sentence’s.
        ascribed: whether something is said to be by it.
    """
    names = [word for word in run if word not in shapes().particles]
    unknown = [word for word in names if not is_known(word) and not _may_be_given(word)]
    given = bool(names) and names[0] in given_names().sure
    if not names or (shapes().no_names & set(run) and not (given and cue)):
        return None
    full = len(names) > 1 and (given or (names[0] in given_names().doubtful and bool(unknown)))
    if weak and not (full and unknown):
        return cue if ascribed and unknown else None
    if full:
        return cue or "REAL_PERSON"
    if len(unknown) > 1:
        return cue or "THIRD_PARTY_IP"
    if cue is None:
        # What opens a text may be a rare word of a craft: Terrazzo.
        lone = not opens and any(len(word) >= _MIN_UNKNOWN for word in unknown)
        return "THIRD_PARTY_IP" if lone else None
    if unknown and len(unknown[0]) >= _MIN_CUED:
        return cue
    titled = len(names) > 1 and cue == "THIRD_PARTY_IP" and not opens
    return cue if titled and not shapes().plain_titles & set(names) else None


def findings_of(shaped: Iterable[Shaped]) -> Iterator[Finding]:
    """What is said of names that were found by their shape."""
    for one in shaped:
        yield Finding(
            code=one.code,
            severity=Severity.SOFT,
            field=one.field,
            span=one.span,
            explanation=f"“{one.text}” looks like {_SAID[one.code]}.",
            fix=_FIX[one.code],
            rule="names.shape",
        )
