"""What counts as giving a prompt away, and what does not."""

from __future__ import annotations

import pytest

from marketplace.prompts import parse
from marketplace.prompts.disclosure import discloses

PROMPT = (
    "layered vellum paper-cut diorama of a [animal=fox] in a [place: glade | fjord], rim light "
    "from behind, shallow focus, deckled edges, indigo to saffron gradient [mood=calm] mist"
)
PUBLIC = "Paper-cut dioramas. A layered paper scene with an animal of your choice."


def tells(text: str, prompt: str = PROMPT, public: str = PUBLIC) -> bool:
    return discloses(text, parse(prompt), public)


@pytest.mark.parametrize(
    "text",
    [
        "Great! rim light from behind, shallow focus is all it needs.",
        "RIM-LIGHT; from_behind / shallow (focus)",
        "r i m l i g h t f r o m b e h i n d s h a l l o w f o c u s",
        "rim\u200blight from be\u00adhind shállow focus",
        "sucof wollahs ,dniheb morf thgil mir",
        # Filled in: no literal run is long, but they follow one another.
        "layered vellum paper-cut diorama of a heron in a marsh, rim light",
        "it is gradient, saffron and indigo, with deckled edges, shallow focus, a vellum diorama, "
        "layered, light from behind with a rim, and mist",
    ],
)
def test_long_pieces_and_most_words_give_it_away(text: str) -> None:
    assert tells(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Lovely paper-cut dioramas. A layered paper scene with an animal of your choice, as said.",
        "Five of six came out well; the fox was best, the light lovely, the focus shallow.",
        "The variables are animal, place and mood. I wish there was one for the time of day.",
    ],
)
def test_opinions_and_public_words_do_not(text: str) -> None:
    assert not tells(text)


def test_a_short_prompt_counts_whole() -> None:
    short = "ink wash [subject=fox] at dusk"
    assert tells("ink wash heron at dusk", short, "")
    assert not tells("ink wash is what I wanted", short, "")
    assert not tells("ink fox", "ink [subject=fox]", "")


def test_it_stays_fast_on_a_hostile_template() -> None:
    prompt = " ".join(f"a[v{number}=x]" for number in range(12)) + " and a longer tail of words"
    assert not tells("a" * 2000, prompt, "")
