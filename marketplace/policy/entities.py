"""Names that belong to others: characters, brands, artists, people. Lists in data/*.json."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from marketplace.policy import fuzzy, shapes
from marketplace.policy.common_words import common_words
from marketplace.policy.findings import Finding, Severity, Span
from marketplace.policy.known_words import given_names, is_anybody, is_known
from marketplace.policy.matching import Hit, How, Matcher, Phrase, Views, phrase_of
from marketplace.policy.name_lists import Entry, listed_entries
from marketplace.policy.passages import Passage
from marketplace.policy.phrases import is_innocent, words_of
from marketplace.policy.turned import BackwardIndex, TurnedIndex
from marketplace.policy.views import View

CODE_OF: dict[str, str] = {
    "character": "THIRD_PARTY_IP",
    "brand": "THIRD_PARTY_IP",
    "studio": "THIRD_PARTY_IP",
    "artist": "ARTIST_NAME",
    "person": "REAL_PERSON",
}
SEVERITY_OF = {
    "character": Severity.HARD,
    "brand": Severity.SOFT,
    "studio": Severity.SOFT,
    "artist": Severity.HARD,
    "person": Severity.HARD,
}
_WHAT = {
    "character": "a character or title of somebody’s story ({of})",
    "brand": "a brand",
    "studio": "a studio’s name",
    "artist": "an artist whose work is protected",
    "person": "a real person",
}
_FIX = {
    "character": "Describe what the figure looks like, or make it a [variable].",
    "brand": "Describe the thing without its maker’s name.",
    "studio": "Describe the look (materials, shapes, light) instead of whose it is.",
    "artist": "Name the technique, the school or the period instead.",
    "person": "Describe the kind of person instead of naming one.",
}
_SMALL = frozenset(
    {"a", "an", "and", "at", "by", "de", "en", "for", "from", "in", "la", "las", "le", "les"}
    | {"of", "on", "or", "the", "to", "van", "von"}
)
"""Words that have no capital within a title."""
_NAMING = frozenset({"called", "named", "nicknamed", "christened"})
"""A name behind one of these is somebody's first name."""
_STRETCHED = re.compile(r"([^\W\d_])\1\1")
_LOGO = frozenset({"logo", "trademark", "emblem"})


@dataclass(frozen=True, slots=True)
class Named:
    """A listed name found in a text."""

    entry: Entry
    kind: str
    field: str
    span: Span
    how: How
    severity: Severity

    @property
    def code(self) -> str:
        """Its reason code."""
        return CODE_OF[self.kind]


@dataclass(frozen=True)
class _Index:
    matcher: Matcher
    spelt: tuple[tuple[Entry, str, bool], ...]
    """By phrase number: the entry, its kind, whether this spelling needs company."""
    fuzzy: fuzzy.FuzzyIndex
    turned: TurnedIndex
    backwards: BackwardIndex


@cache
def _index() -> _Index:
    phrases: list[Phrase] = []
    spelt: list[tuple[Entry, str, bool]] = []
    for entry, kind in listed_entries():
        for place, spelling in enumerate((entry.name, *entry.aliases)):
            phrases.append(phrase_of(spelling, len(spelt)))
            needs = place == 0 and bool(entry.with_)
            spelt.append((entry, kind, needs))
    plain = [
        (phrase, entry)
        for phrase, (entry, _, needs) in zip(phrases, spelt, strict=True)
        if not needs and not entry.cased
    ]
    slips = [phrase for phrase, entry in plain if entry.weighed or fuzzy.is_long(phrase)]
    clear = [phrase for phrase, _ in plain]
    turned, backwards = TurnedIndex(clear), BackwardIndex(clear)
    return _Index(Matcher(phrases), tuple(spelt), fuzzy.FuzzyIndex(slips), turned, backwards)


def names_in(passage: Passage, views: Views, context: Iterable[str] = ()) -> list[Named]:
    """The listed names in one passage, the longest at each place, each once per place.

    Args:
        context: further words that may make an everyday word a name (those of the title).
    """
    index = _index()
    around = frozenset(context) | frozenset(views.plain.tokens)
    found: list[Named] = []
    for view, hit in index.matcher.find(views):
        named = _judged(passage, view, hit, index.spelt[hit.number], around)
        if named is not None:
            found.append(named)
    if not passage.seams:
        turned = [hit for hit in index.turned.find(views.plain) if _is_cased(passage, views, hit)]
        backwards = index.backwards.find(views.plain)
        for hit in (*turned, *backwards, *index.fuzzy.find(views.plain)):
            named = _judged(passage, views.plain, hit, index.spelt[hit.number], around)
            if named is not None:
                found.append(named)
    return _longest(found)


def _is_cased(passage: Passage, views: Views, hit: Hit) -> bool:
    return _has_capitals(passage, views.plain.span(hit.start, hit.end))


def _judged(
    passage: Passage,
    view: View,
    hit: Hit,
    spelt: tuple[Entry, str, bool],
    around: frozenset[str],
) -> Named | None:
    entry, kind, needs = spelt
    span = view.span(hit.start, hit.end)
    if not passage.is_news(span):
        return None
    company = _in_company(entry, around)
    unsure = entry.cased and not company
    tricked = hit.how is How.TRICK and _is_deliberate(passage, view, hit, entry)
    if unsure and ((not tricked and not _has_capitals(passage, span)) or _introduced(view, hit)):
        return None
    everyday = needs and not entry.cased
    capitals = not everyday or _has_capitals(passage, span)
    if everyday and not company:
        told = capitals and not _all_capitals(passage, span)
        told = told and (_is_nothing_else(entry) or _hinted(view, hit, kind))
        if not (told or tricked):
            return None
    if is_innocent(view, hit):
        return None
    doubt = _goes_on(view, hit) or (everyday and not (company and capitals))
    doubt |= not entry.weighed and not company and _says_little(entry.name, passage, span)
    doubt |= unsure and (tricked or _alone(entry) or _all_capitals(passage, span))
    return Named(
        entry,
        kind,
        passage.field,
        span,
        hit.how,
        _severity(entry, kind, hit.how, around, doubt),
    )


def _says_little(name: str, passage: Passage, span: Span) -> bool:
    """Whether a name of plain words stands without capitals of its own: wings of fire."""
    has_own = _has_capitals(passage, span) and not _all_capitals(passage, span)
    return not has_own and _is_plain(name)


@cache
def _is_plain(name: str) -> bool:
    return all(is_known(word) and word not in given_names().sure for word in words_of(name))


def _is_deliberate(passage: Passage, view: View, hit: Hit, entry: Entry) -> bool:
    """Whether letters are set apart or repeated, which an everyday word’s never are by chance."""
    start, end = view.span(hit.start, hit.end)
    spelt_out = hit.last - hit.first > len(words_of(entry.name))
    return spelt_out or bool(_STRETCHED.search(passage.text[start:end]))


def _in_company(entry: Entry, around: frozenset[str]) -> bool:
    own = set(words_of(entry.name))
    wanted = {word for text in entry.with_ for word in words_of(text)} - own
    return bool(wanted & around) or any(token.removesuffix("s") in wanted for token in around)


def _is_nothing_else(entry: Entry) -> bool:
    """Whether a name of one word is neither one of English nor a common given name: Rosalía."""
    words = words_of(entry.name)
    return len(words) == 1 and not is_anybody(words[0])


def _hinted(view: View, hit: Hit, kind: str) -> bool:
    """Whether an everyday word is a name by what stands beside it, or by a trade in the text."""
    trades = shapes.shapes().trades.get(kind, frozenset())
    # A text's first word has its capital anyway.
    if hit.first == 0 and is_known(view.tokens[0]):
        return False
    before = view.tokens[: hit.first]
    if kind == "character" and before[-1:] == ("from",):
        return True
    cue = shapes.cue_beside(before, view.tokens[hit.last + 1 :])
    return cue == CODE_OF[kind] or not trades.isdisjoint(view.tokens)


def _has_capitals(passage: Passage, span: Span) -> bool:
    words = passage.text[span[0] : span[1]].split()
    return all(word[:1].isupper() or word in _SMALL for word in words)


def _all_capitals(passage: Passage, span: Span) -> bool:
    """Whether the words around the name have capitals as well, so that its own say nothing."""
    around = passage.text[: span[0]].split()[-4:] + passage.text[span[1] :].split()[:4]
    words = [word for word in around if word[:1].isalpha() and word not in _SMALL]
    return len(words) > 1 and all(word[:1].isupper() for word in words)


def _goes_on(view: View, hit: Hit) -> bool:
    """Whether a hyphen ties the name to a word of another meaning: Emma, stone-carving."""
    if view.words[hit.last].gap != "-" or hit.last + 1 >= len(view.words):
        return False
    return view.tokens[hit.last + 1] not in common_words().tied_to_names


def _alone(entry: Entry) -> bool:
    """Whether a cased name is a single word, which only its capital makes a name: Kirby."""
    return len(words_of(entry.name)) == 1


def _introduced(view: View, hit: Hit) -> bool:
    """Whether a single word is given as somebody's first name: a girl called Elsa."""
    return hit.first == hit.last and hit.first > 0 and view.tokens[hit.first - 1] in _NAMING


def _severity(entry: Entry, kind: str, how: How, around: frozenset[str], doubt: bool) -> Severity:
    severity = entry.severity or SEVERITY_OF[kind]
    if how >= How.SPLIT or doubt:
        return Severity.SOFT
    if kind == "brand" and around & _LOGO:
        return Severity.HARD
    return severity


def _longest(found: list[Named]) -> list[Named]:
    """The longest name at each place; of equals the plainest way of writing it."""
    kept: list[Named] = []
    for named in sorted(found, key=lambda n: (n.span[0] - n.span[1], n.how, n.span, n.entry.name)):
        if not any(_overlap(named.span, other.span) for other in kept):
            kept.append(named)
    return sorted(kept, key=lambda named: named.span)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def findings_of(names: Iterable[Named]) -> Iterator[Finding]:
    """What is said of names that were found."""
    for named in names:
        severity = named.severity
        if named.field == "negative_prompt":
            # Keeping a name out is not using it; some models still draw what they read.
            severity = Severity.NOTE
        said = _WHAT[named.kind].format(of=named.entry.of)
        how = {How.TRICK: ", spelt with other signs", How.FUZZY: ", or nearly so"}.get(
            named.how, ""
        )
        yield Finding(
            code=named.code,
            severity=severity,
            field=named.field,
            span=named.span,
            explanation=f"Names “{named.entry.name}”, {said}{how}.",
            fix=_FIX[named.kind],
            rule=f"names.{named.kind}",
        )
