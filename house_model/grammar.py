"""The words the house model knows: attributes, values, phrases, captions. Pure Python, no numpy.

A `Scene` says what is in a picture; `caption` says it in words; `is_held_out` decides which
combinations of attributes training never sees.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import asdict, dataclass

# attribute -> value -> phrases a caption may use. An empty tuple means "said by saying nothing".
VOCABULARY: dict[str, dict[str, tuple[str, ...]]] = {
    "subject": {
        "pine trees": ("pine trees", "tall pines", "a few pine trees", "pines", "fir trees"),
        "cabin": ("a cabin", "a cosy cabin", "a little house", "cabin", "cottage", "a small hut"),
        "sailboat": ("a sailboat", "a sailing boat", "a boat", "sailboat", "a yacht"),
        "lighthouse": ("a lighthouse", "lighthouse", "a striped lighthouse", "a tall lighthouse"),
        "lone tree": ("a lone tree", "a single tree", "a solitary tree", "tree", "an old oak"),
        "balloon": ("a hot-air balloon", "balloon", "a balloon", "a hot air balloon"),
        "castle": ("a castle", "castle", "a fairytale castle", "a fortress", "a palace"),
        "fox": ("a fox", "fox", "a red fox", "a sitting fox"),
        "none": (),
    },
    "terrain": {
        "mountains": ("mountains", "mountain peaks", "a mountain range", "alpine peaks"),
        "hills": ("rolling hills", "hills", "gentle hills", "meadows"),
        "dunes": ("desert dunes", "sand dunes", "dunes", "a desert", "the desert"),
        "sea": ("the sea", "a calm sea", "the ocean", "a sea with islands", "sea", "a bay"),
        "canyon": ("a canyon", "a desert canyon", "canyon walls", "canyon", "a gorge"),
    },
    "time": {
        "dawn": ("dawn", "sunrise", "daybreak", "early morning"),
        "noon": ("noon", "midday", "a bright blue sky", "a clear day", "blue sky"),
        "sunset": ("sunset", "golden hour", "sundown", "an orange sunset"),
        "dusk": ("dusk", "twilight", "a pink twilight", "evening"),
        "night": ("night", "midnight", "a dark night", "starless night"),
        "storm": ("a storm", "storm", "a thunderstorm", "storm clouds", "lightning"),
        "northern lights": ("the northern lights", "northern lights", "aurora", "an aurora"),
    },
    "palette": {
        "coral": ("coral", "salmon"),
        "teal": ("teal", "turquoise"),
        "violet": ("violet", "purple", "lavender"),
        "gold": ("gold", "golden", "amber", "ochre"),
        "emerald": ("emerald", "green"),
        "rose": ("rose", "pink", "magenta"),
        "indigo": ("indigo", "blue", "navy"),
    },
    "celestial": {
        "sun": ("a sun", "the sun", "a big sun", "sun"),
        "full moon": ("a full moon", "the full moon", "full moon", "a round moon"),
        "crescent moon": ("a crescent moon", "crescent moon", "a thin moon", "a crescent"),
        "none": (),
    },
    "style": {
        "paper-cut": ("paper-cut", "papercut", "paper cut", "layered paper", "paper craft"),
        "watercolour": ("watercolour", "watercolor", "watercolour painting", "soft watercolor"),
        "poster": ("poster", "flat poster", "travel poster", "flat design", "screen print"),
    },
    "format": {
        "full": ("wallpaper", "full picture", "landscape"),
        "badge": ("round badge", "badge", "circular emblem", "round icon", "medallion", "circle"),
        "arch": ("arched window", "arch", "arched card", "arched frame", "window"),
    },
    "place": {
        "left": ("on the left", "left", "to the left"),
        "centre": ("in the centre", "in the middle", "centred", "in the center"),
        "right": ("on the right", "right", "to the right"),
    },
}
ATTRIBUTES: tuple[str, ...] = tuple(VOCABULARY)
VALUES: dict[str, tuple[str, ...]] = {name: tuple(table) for name, table in VOCABULARY.items()}

# Skies in which a body would look wrong are never drawn, so the model need not learn them.
_IMPOSSIBLE: dict[str, frozenset[str]] = {
    "noon": frozenset({"full moon", "crescent moon"}),
    "night": frozenset({"sun"}),
    "northern lights": frozenset({"sun"}),
    "storm": frozenset({"sun"}),
}
# How often a caption leaves an attribute unsaid. `place` and `format: full` mostly go unsaid.
_SAID: dict[str, float] = {
    "subject": 0.97,
    "terrain": 0.90,
    "time": 0.90,
    "palette": 0.90,
    "celestial": 0.96,
    "style": 0.92,
    "format": 0.97,
    "place": 0.40,
}
_HELD_OUT_SHARE = 0.10
_FILLER_TEXT = (
    "beautiful serene quiet peaceful detailed illustration art artwork minimal elegant cosy "
    "warm soft bold scene picture image print card cover sticker design very highly quality 4k "
    "lovely dreamy vintage modern clean crisp charming tiny big old the a of and for with style "
    "framed book jewelry greeting icon logo studio masterpiece trending romantic magical calm"
)
_FILLER = _FILLER_TEXT.split()


@dataclass(frozen=True)
class Scene:
    """One picture's attributes (each a key of `VOCABULARY[attribute]`) and its drawing seed."""

    subject: str
    terrain: str
    time: str
    palette: str
    celestial: str
    style: str
    format: str
    place: str
    seed: int = 0

    def attributes(self) -> dict[str, str]:
        """Attribute -> value, without the seed."""
        return {name: getattr(self, name) for name in ATTRIBUTES}

    def to_dict(self) -> dict[str, str | int]:
        """Plain data for JSON; `Scene(**data)` reads it back."""
        return asdict(self)


def random_scene(rng: random.Random, *, held_out: bool | None = None) -> Scene:
    """Draw a coherent scene; `held_out` restricts it to one side of the split (None: either)."""
    while True:
        picked = {name: rng.choice(values) for name, values in VALUES.items()}
        if rng.random() < 0.3:  # wallpapers are the commonest wish
            picked["format"] = "full"
        scene = Scene(**picked, seed=rng.randrange(1 << 31))
        if not is_coherent(scene):
            continue
        if held_out is None or is_held_out(scene) == held_out:
            return scene


def is_coherent(scene: Scene) -> bool:
    """False for skies such as a sun at night."""
    return scene.celestial not in _IMPOSSIBLE.get(scene.time, frozenset())


def is_held_out(scene: Scene) -> bool:
    """True for the tenth of (subject, terrain, time, palette) combinations kept from training.

    The split depends on the words alone, so it is the same on every machine and in every version.
    """
    key = "|".join((scene.subject, scene.terrain, scene.time, scene.palette)).encode()
    first = int.from_bytes(hashlib.sha256(key).digest()[:4], "big")
    return first < _HELD_OUT_SHARE * 2**32


def said_attributes(rng: random.Random, scene: Scene, *, complete: bool = False) -> frozenset[str]:
    """Choose which attributes a caption will name; `complete` names all but the place."""
    # In the order of ATTRIBUTES: a set's own order changes from process to process, and with it
    # which random number decides what.
    possible = [name for name in ATTRIBUTES if VOCABULARY[name][getattr(scene, name)]]
    said = set(possible)
    if not complete:
        said = {name for name in possible if rng.random() < _SAID[name]}
    elif rng.random() > _SAID["place"]:
        said.discard("place")
    if scene.subject == "none" or "subject" not in said:
        said.discard("place")  # the place is the subject's
    if scene.format == "full" and rng.random() < 0.7:
        said.discard("format")
    return frozenset(said)


def caption(rng: random.Random, scene: Scene, *, said: frozenset[str] | None = None) -> str:
    """Put a scene into words, in one of many orders; `said` fixes which attributes are named."""
    if said is None:
        said = said_attributes(rng, scene)
    words = {name: rng.choice(VOCABULARY[name][getattr(scene, name)]) for name in sorted(said)}
    parts = _clauses(rng, words)
    text = _join(rng, parts)
    return text[:1].upper() + text[1:] if rng.random() < 0.1 else text


def _bare(phrase: str) -> str:
    for article in ("a ", "an ", "the "):
        if phrase.startswith(article):
            return phrase[len(article) :]
    return phrase


def _clauses(rng: random.Random, words: dict[str, str]) -> list[str]:
    """The caption's parts: the core (subject and terrain) first, then the free-standing rest."""
    core = _core(rng, words)
    extras: list[str] = []
    if "time" in words:
        clause = _time_clause(rng, words["time"])
        if core and rng.random() < 0.5:
            core = f"{core} {clause}"
        else:
            extras.append(clause)
    if "celestial" in words:
        body = words["celestial"]
        extras.append(rng.choice((body, f"under {body}", f"with {body}")))
    if "palette" in words:
        patterns = ("{} palette", "{} tones", "in {}", "{} colours", "{} colors", "{}")
        extras.append(rng.choice(patterns).format(words["palette"]))
    if "format" in words:
        extras.append(rng.choice(("{}", "{}", "as a {}", "in a {}")).format(words["format"]))
    rng.shuffle(extras)
    if "style" in words:
        core, extras = _with_style(rng, words["style"], core, extras)
    return [part for part in (core, *extras) if part]


def _core(rng: random.Random, words: dict[str, str]) -> str:
    subject, terrain = words.get("subject", ""), words.get("terrain", "")
    if "palette" in words and terrain and rng.random() < 0.25:
        terrain = f"{words.pop('palette')} {_bare(terrain)}"
    if "format" in words and rng.random() < 0.15 and not subject and terrain:
        terrain = f"{words.pop('format')} of {terrain}"
    if subject and "place" in words:
        subject = f"{subject} {words['place']}"
    if subject and terrain:
        links = ("{s} and {t}", "{s} in front of {t}", "{t} with {s}", "{s} by {t}", "{s}, {t}")
        return rng.choice(links).format(s=subject, t=terrain)
    return subject or terrain


def _time_clause(rng: random.Random, phrase: str) -> str:
    bare = _bare(phrase)
    bare = bare.removesuffix(" sky")
    article = "an" if bare[0] in "aeiou" else "a"
    patterns = ("at {b}", "{p}", "{b} sky", "under {a} {b} sky", "under {p}", "in {p}", "with {p}")
    return rng.choice(patterns).format(b=bare, p=phrase, a=article)


def _with_style(
    rng: random.Random, style: str, core: str, extras: list[str]
) -> tuple[str, list[str]]:
    where = rng.random()
    if core and where < 0.25:
        return f"{style} of {core}", extras
    if core and where < 0.5:
        return f"{style} {_bare(core)}", extras
    if where < 0.75:
        return core, [*extras, style]
    return core, [style, *extras]


def _join(rng: random.Random, parts: list[str]) -> str:
    if len(parts) > 1 and rng.random() < 0.15:
        parts = rng.sample(parts, len(parts))
    return rng.choice((", ", ", ", ", ", " ")).join(parts)


def with_filler(rng: random.Random, text: str) -> str:
    """Scatter words that mean nothing to the model, so that it learns to pass over them."""
    words = text.split(" ")
    for _ in range(rng.randint(1, 5)):
        if rng.random() < 0.7:
            word = rng.choice(_FILLER)
        else:
            word = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9)))
        words.insert(rng.randint(0, len(words)), word)
    return " ".join(words)


def vocabulary_words() -> frozenset[str]:
    """Every lower-case word that the model has learned, for hints beside a prompt's editor."""
    phrases = (p for table in VOCABULARY.values() for said in table.values() for p in said)
    return frozenset(word for phrase in phrases for word in phrase.lower().split())
