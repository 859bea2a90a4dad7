"""What titles, descriptions and tags promise, repeat and leave out. Public texts only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from marketplace.policy.common_words import common_words
from marketplace.policy.findings import Finding, Severity, Span
from marketplace.policy.passages import pieces
from marketplace.policy.submission import Submission
from marketplace.prompts import parse

_PUBLIC = ("title", "summary", "description")
MIN_DESCRIPTION_WORDS = 5
MIN_REPEATS = 5
REPEAT_SHARE = 0.25
MIN_TAG_REPEATS = 5


@dataclass(frozen=True, slots=True)
class _Pattern:
    code: str
    rule: str
    pattern: re.Pattern[str]
    said: str
    fix: str


def _pattern(code: str, rule: str, text: str, said: str, fix: str) -> _Pattern:
    return _Pattern(code, rule, re.compile(text, re.I), said, fix)


_THINGS = r"(?:prompts?|templates?|variations?|designs?|images?|pictures?|items?|files?)"
# Every quantifier is bounded: a text of any length is read in linear time.
_PATTERNS = (
    _pattern(
        "MISLEADING_TEXT",
        "promise.number",
        r"(?<!tested )(?<!tried )(?<!after )(?<!with )"
        rf"\b(?:\d{{2,6}}\+?|hundreds of|thousands of)\s+(?:[\w-]{{1,20}}\s+){{0,3}}?"
        r"(?:prompts|templates)\b|\b(?:bundle|pack|collection|set)\s+of\s+\d{1,6}\b|"
        rf"\bmega\s?(?:pack|bundle)\b|\b\d{{2,6}}\+?\s+{_THINGS}\s+(?:in one|included|pack)\b",
        "Promises a number of prompts; a listing holds one.",
        "Say what this one prompt does.",
    ),
    _pattern(
        "MISLEADING_TEXT",
        "promise.files",
        r"\b(?:includes?|including|comes with|plus|get|bonus)\b[^.!?\n]{0,80}?\b(?:video|course|"
        r"psd|e-?books?|loras?|checkpoints?|lightroom|presets?|source files?|commercial licen[cs]e "
        r"certificate|photoshop (?:file|action)s?|fonts?|mockups?)\b",
        "Promises files or lessons; a listing holds a prompt and its pictures.",
        "Name only what is in the listing.",
    ),
    _pattern(
        "MISLEADING_TEXT",
        "promise.income",
        r"\b(?:guarantee[ds]?|guaranteed to sell|passive income|make money|earn (?:money|passive|"
        r"\$?\d{2,6})|\$?\d{2,6}\s?(?:dollars|usd|eur|euros)? (?:a|per) (?:day|week|month)|"
        r"get rich|money back|100 ?% success|never fails|works every (?:single )?time)\b",
        "Promises income, or that it cannot fail.",
        "Take the promise out; the report says how well the prompt works.",
    ),
    _pattern(
        "MISLEADING_TEXT",
        "promise.endorsed",
        r"(?<!not )(?<!not an )\b(?:official(?:ly)? (?:licen[cs]ed|approved|endorsed|product|merch|"
        r"partner|artwork|prompt|style)|licen[cs]ed by|endorsed by|approved by|authori[sz]ed by|"
        r"certified by|in partnership with|affiliated with)\b",
        "Claims that somebody endorses it.",
        "Take the claim out.",
    ),
    _pattern(
        "MISLEADING_TEXT",
        "promise.best",
        r"(?:#\s?1|\bnumber one|\bno\.? ?1)\s+(?:best|selling|seller|prompt|rated|top)|"
        r"\bbest[- ]?sell(?:er|ing)\b|\btop[- ]rated\b|\bstaff pick\b",
        "Claims a rank that only the shop can give.",
        "Take the rank out.",
    ),
    _pattern(
        "MISLEADING_TEXT",
        "promise.no_ai",
        r"\bno ai (?:was|used|involved|at all)\b|\bnot ai\b|\bnon[- ]ai\b|"
        r"\b(?:100 ?% )?hand[- ]?(?:painted|drawn|made) by\b|"
        r"\b(?:made|created|painted|drawn) by (?:a )?(?:real )?humans?\b",
        "Says that the pictures are not made by a model.",
        "Say “in the look of”.",
    ),
    _pattern(
        "SPAM",
        "spam.contact",
        r"https?://\S{1,200}|\bwww\.\S{1,200}|\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b|"
        r"(?<![\w.])@[a-z0-9_.]{3,30}\b|\b(?:dm|message|contact|email|e-mail|whatsapp|text) me\b|"
        r"\bmy (?:telegram|instagram|discord|patreon|gumroad|etsy|fiverr|website|shop link)\b|"
        r"\b(?:telegram|whatsapp) ?[:@]|\+\d[\d ()-]{7,20}\d",
        "Gives a contact or an address outside the marketplace.",
        "Take it out; buyers reach you through your page here.",
    ),
    _pattern(
        "SPAM",
        "spam.hawking",
        r"!{3,}|\bbuy (?:it )?now\b|\blimited (?:time )?offer\b|\b(?:discount|promo|coupon) code\b|"
        r"\b\d{1,3} ?% off\b|\bcheap(?:est)?\b[^.\n]{0,20}!|\bfollow me\b|\bclick here\b|"
        r"\bleave (?:me )?(?:a )?5[- ]star",
        "Hawks instead of describing.",
        "Describe what the prompt makes.",
    ),
)
_MODELS = {
    "midjourney": re.compile(r"\bmid-?journey\b|\bmj ?v?\d\b", re.I),
    "dall-e": re.compile(r"\bdall[\s\u00b7-]?e\b", re.I),
    "stable diffusion": re.compile(r"\bstable diffusion\b|\bsdxl\b|\bsd ?[123](?:\.\d)?\b", re.I),
    "flux": re.compile(r"\bflux\.?1\b|\bflux (?:dev|schnell|pro)\b", re.I),
    "gpt image": re.compile(r"\bgpt[\s-]image\b|\bchatgpt\b", re.I),
    "leonardo": re.compile(r"\bleonardo\.?ai\b", re.I),
    "firefly": re.compile(r"\badobe firefly\b", re.I),
}
_EMPTY_TITLES = re.compile(
    r"(?:my |new |test |a |the |best )*(?:prompt|untitled|title|test|image|picture|listing|draft|"
    r"no name|asdf\w*|qwerty\w*|template)s?\s*\d*\W*",
    re.I,
)
_EMPTY_NAME = re.compile(r"(?:[a-z]|[a-z]?\d+|var(?:iable)?[ _-]?\w?\d*|x+|foo|asdf)", re.I)
_WORD = re.compile(r"[^\W\d_]{3,}")


def findings_of(submission: Submission) -> Iterator[Finding]:
    """Everything the public texts give rise to."""
    for name in _PUBLIC:
        text = getattr(submission, name)
        yield from _patterns(name, text)
        yield from _shouting(name, text)
        yield from _repetition(name, text)
        yield from _other_models(submission, name, text)
    yield from _tags(submission.tags)
    yield from _missing(submission)


def _patterns(name: str, text: str) -> Iterator[Finding]:
    for one in _PATTERNS:
        match = one.pattern.search(text)
        if match:
            yield _soft(one.code, name, match.span(), one.said, one.fix, one.rule)


def _shouting(name: str, text: str) -> Iterator[Finding]:
    words = [word for word in _WORD.findall(text) if word.isascii()]
    loud = [word for word in words if word.isupper() and len(word) > 3]
    if len(words) >= 4 and len(loud) >= 3 and len(loud) * 2 >= len(words):
        yield _soft(
            "SPAM",
            name,
            None,
            "Most of it is in capitals.",
            "Write it as a sentence.",
            "spam.capitals",
        )


def _repetition(name: str, text: str) -> Iterator[Finding]:
    words = [word.casefold() for word in _WORD.findall(text)]
    counted = Counter(word for word in words if word not in common_words().glue)
    if not counted:
        return
    word, times = counted.most_common(1)[0]
    least = 3 if name == "title" else MIN_REPEATS
    if times >= least and times >= REPEAT_SHARE * len(words):
        yield _soft(
            "SPAM",
            name,
            None,
            f"Says “{word}” {times} times.",
            "Write for people: once is enough.",
            "spam.repetition",
        )


def _tags(tags: tuple[str, ...]) -> Iterator[Finding]:
    stems = Counter(
        stem for tag in tags for stem in {_stem(word.casefold()) for word in _WORD.findall(tag)}
    )
    if not stems:
        return
    stem, times = stems.most_common(1)[0]
    if times >= MIN_TAG_REPEATS:
        yield _soft(
            "SPAM",
            "tags",
            None,
            f"{times} of the {len(tags)} tags are variants of “{stem}”.",
            "Use each tag for another quality of the picture.",
            "spam.tags",
        )


def _stem(word: str) -> str:
    for ending in ("ways", "way", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def _other_models(submission: Submission, name: str, text: str) -> Iterator[Finding]:
    """Names of models that the prompt is not sold for."""
    model = submission.model
    if model is None or not model.known:
        return
    own = f"{model.name} {model.family} {model.slug.replace('-', ' ')}"
    for other, pattern in _MODELS.items():
        match = pattern.search(text)
        if match and not pattern.search(own):
            yield _soft(
                "MISLEADING_TEXT",
                name,
                match.span(),
                f"Names {other.title()}, but the prompt is sold for {model.name}.",
                f"Name {model.name}, or choose the model that it was written for.",
                "promise.model",
            )


def _missing(submission: Submission) -> Iterator[Finding]:
    """Texts that are not there, or say nothing."""
    title = submission.title.strip()
    if not title or _EMPTY_TITLES.fullmatch(title):
        yield _missing_finding("title", "The title does not say what the prompt makes.")
    words = _WORD.findall(submission.description)
    if len({word.casefold() for word in words} - common_words().glue) < MIN_DESCRIPTION_WORDS:
        yield _missing_finding(
            "description", "The description is too short to tell buyers what they get."
        )
    if not [tag for tag in submission.tags if tag.strip()]:
        yield _missing_finding("tags", "There are no tags to find it by.")
    template = parse(submission.template)
    silent = {v.key: v for v in template.variables if _EMPTY_NAME.fullmatch(v.name)}
    for piece in pieces(submission.template):
        if piece.name in silent:
            name = silent.pop(piece.name).name
            yield _missing_finding(
                "template",
                f"The variable [{name}] does not say what to fill in.",
                (piece.start, piece.end),
            )


def _missing_finding(name: str, said: str, span: Span | None = None) -> Finding:
    fix = {
        "title": "Name the look and the subject in a few words.",
        "description": "Say in two sentences what it makes and how to fill it in.",
        "tags": "Add three to eight tags.",
        "template": "Give the variable a name that buyers understand, such as [animal].",
    }[name]
    return _soft("METADATA_MISSING", name, span, said, fix, f"missing.{name}")


def _soft(code: str, name: str, span: Span | None, said: str, fix: str, rule: str) -> Finding:
    return Finding(code, Severity.SOFT, name, span, said, fix, rule)
