"""Which pictures the gallery holds, and which of them answers which choice."""

from __future__ import annotations

from typing import Any

from marketplace.discovery.gallery import MOST_VARIED, Gallery, gallery_of
from marketplace.discovery.presenters import GalleryPicture
from marketplace.verification.similarity import Band

VARIABLES = [
    {"name": "subject", "default": "fox", "choices": []},
    {"name": "sky", "default": None, "choices": ["sunset", "night", "noon"]},
]


def picture(number: int, subject: str, sky: str, rerun: bool = True) -> GalleryPicture:
    return GalleryPicture(
        number=number,
        sample=[{"jpeg": f"sample-{number}"}],
        alt=f"{subject} {sky}",
        values=[("subject", subject), ("sky", sky)],
        rerun=[{"jpeg": f"rerun-{number}"}] if rerun else [],
        band=Band.REPRODUCED if rerun else None,
        distance=4 if rerun else None,
    )


def shot(subject: str, sky: str, failure: str | None = None) -> dict[str, Any]:
    values = {"subject": subject, "sky": sky}
    return {"values": values, "pictures": [{"jpeg": f"{subject}-{sky}"}], "failure": failure}


def report(sheet: list[dict[str, Any]], **varied: list[dict[str, Any]]) -> dict[str, Any]:
    return {"sheet": sheet, "map": [{"variable": n, "choices": c} for n, c in varied.items()]}


def choice(value: str, failure: str | None = None) -> dict[str, Any]:
    return {"choice": value, "pictures": [{"jpeg": f"map-{value}"}], "failure": failure}


def answers(view: Gallery) -> dict[str, dict[str, int | None]]:
    return {row.name: {c.value: c.frame for c in row.choices} for row in view.rows}


def test_a_choice_leads_to_the_first_sample_made_with_it() -> None:
    view = gallery_of([picture(3, "fox", "night"), picture(5, "owl", "night")], VARIABLES, None)
    assert [frame.number for frame in view.frames] == [1, 2]
    assert answers(view) == {
        "subject": {"fox": 1, "owl": 2},
        "sky": {"sunset": None, "night": 1, "noon": None},
    }
    assert [row.is_free for row in view.rows] == [True, False]
    assert view.has_ours
    assert view.has_pairs


def test_pictures_of_ours_answer_what_no_sample_shows() -> None:
    consistency = report(
        [shot("fox", "sunset"), shot("hare", "night")], sky=[choice("night"), choice("noon")]
    )
    view = gallery_of([picture(1, "fox", "night")], VARIABLES, consistency)
    assert [frame.is_drawn for frame in view.frames] == [False, True, True, True]
    assert view.frames[1].values == [("subject", "fox"), ("sky", "noon")]
    assert view.frames[1].alt == "Made by Bracket: subject fox, sky noon"
    assert answers(view)["sky"] == {"sunset": 3, "night": 1, "noon": 2}
    assert answers(view)["subject"] == {"fox": 1, "hare": 4}


def test_failed_pictures_answer_nothing() -> None:
    consistency = report([shot("fox", "sunset", "flat")], sky=[choice("noon", "off_prompt")])
    view = gallery_of([picture(1, "fox", "night")], VARIABLES, consistency)
    assert len(view.frames) == 1
    assert answers(view)["sky"]["noon"] is None


def test_the_gallery_stays_of_a_size() -> None:
    many = [shot(f"animal {number}", "night") for number in range(50)]
    view = gallery_of([picture(1, "fox", "night")], VARIABLES, report(many))
    assert len(view.frames) == 1 + MOST_VARIED


def test_samples_that_nobody_re_ran_stand_alone() -> None:
    view = gallery_of([picture(1, "fox", "night", rerun=False)], VARIABLES, None)
    assert not view.has_ours
    assert not view.has_pairs
