"""What pictures say about their making, on the seller's pages: shown, offered, never published."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import PngImagePlugin
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.gateways.blobs import public_key
from marketplace.listings.models import Listing, Sample
from marketplace.listings.queries import version_of
from tests.factories.accounts import make_seller
from tests.factories.listings import PROMPT, make_draft, make_sample, make_submitted, picture_bytes
from tests.fixtures.app import log_in
from tests.unit.listings.test_draft_views import FORM

SECRET = "zebrafinch"
TEXT = (
    f"a {{subject}} by a {SECRET}, (soft light:1.2)\nNegative prompt: blurry\n"
    "Steps: 12, Sampler: DPM++ 2M, Schedule type: Uniform, CFG scale: 4.5, Seed: 777, "
    "Size: 256x256, Model: Bracket House 1 Fast, Version: v1.10.1"
)


def told(seed: int, text: str = TEXT) -> bytes:
    """A sample picture whose file holds these settings."""
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", text)
    return picture_bytes(seed, pnginfo=info)


def upload(data: bytes, **fields: str) -> dict[str, Any]:
    return {"new-0-file": (io.BytesIO(data), "picture.png"), **fields}


@pytest.fixture
def draft(session: Session, services: Services, seller: SellerProfile) -> Listing:
    listing = make_draft(session, services, seller)
    session.commit()
    return listing


@pytest.fixture
def sample(session: Session, services: Services, draft: Listing) -> Sample:
    made = make_sample(session, services, draft, picture=told(1))
    session.commit()
    return made


def address(draft: Listing, sample: Sample) -> str:
    return f"/sell/{draft.id}/samples/{sample.id}/settings"


def test_the_table_says_what_was_found_and_where(
    shop: FlaskClient, draft: Listing, sample: Sample
) -> None:
    page = shop.get(address(draft, sample))
    assert page.status_code == 200
    assert "Settings written by A1111" in page.text
    assert SECRET in page.text
    assert "A1111, PNG tEXt, parameters, Sampler" in page.text
    assert "here: Bracket House 1 Fast" not in page.text  # the same words need no second line
    assert "no negative part" in page.text
    assert "Use seed 777" in page.text
    assert "A weight: 1.2 counts for more" in page.text
    assert "What its file says" in shop.get(f"/sell/{draft.id}").text


def test_chosen_values_come_into_the_form_and_nothing_is_saved(
    shop: FlaskClient, session: Session, services: Services, draft: Listing, sample: Sample
) -> None:
    chosen = "take=prompt&take=target_model&take=steps&take=scheduler&take=nonsense"
    page = shop.get(f"/sell/{draft.id}/edit?from={sample.id}&{chosen}")
    assert "Taken from the picture, not saved yet:</strong> Prompt, Model, Sampler, Steps" in (
        page.text
    )
    assert f"a [subject] by a {SECRET}, (soft light:1.2)" in page.text
    assert '<option selected value="house-fast">' in page.text
    assert 'value="12"' in page.text
    assert 'value="4"' in page.text  # guidance was not chosen: the draft's own stays
    version = version_of(session, draft)
    assert services.vault.open(version.prompt_sealed) == PROMPT
    assert version.target_model_slug == "house-full"


def test_the_address_never_holds_a_word_of_the_prompt(
    shop: FlaskClient, session: Session, services: Services, draft: Listing
) -> None:
    text = TEXT.replace("{subject}", f"<{SECRET}-toy> and [fox]")
    made = make_sample(session, services, draft, picture=told(5, text))
    session.commit()
    page = shop.get(address(draft, made))
    assert 'name="answer-1"' in page.text
    inputs = [part for part in page.text.split("<input") if 'type="radio"' in part.split(">")[0]]
    assert inputs
    assert not any(SECRET in part.split(">")[0] for part in inputs)
    answered = f"/sell/{draft.id}/edit?from={made.id}&take=prompt&answer-1=variable"
    assert f"[{SECRET}-toy]" in shop.get(answered).text


def test_a_blank_seed_is_read_from_the_file_and_said(
    shop: FlaskClient, session: Session, draft: Listing
) -> None:
    answer = shop.post(f"/sell/{draft.id}/samples", data=upload(told(2)), follow_redirects=True)
    assert "seed of sample 1 was read from the picture&#39;s file" in answer.text
    (made,) = session.scalars(select(Sample)).all()
    assert made.seed == 777


def test_a_typed_seed_beats_the_files(shop: FlaskClient, session: Session, draft: Listing) -> None:
    shop.post(f"/sell/{draft.id}/samples", data=upload(told(2), **{"new-0-seed": "5"}))
    (made,) = session.scalars(select(Sample)).all()
    assert made.seed == 5


@pytest.mark.parametrize("seed", ["-3", "99999999999", "many"])
def test_a_seed_that_does_not_fit_is_not_taken(
    shop: FlaskClient, session: Session, draft: Listing, seed: str
) -> None:
    data = upload(told(2, TEXT.replace("777", seed)))
    answer = shop.post(f"/sell/{draft.id}/samples", data=data)
    assert answer.status_code == 422
    assert "Give the seed" in answer.text
    assert session.scalars(select(Sample)).all() == []


def test_the_seed_of_a_stored_sample_can_be_taken(
    shop: FlaskClient, session: Session, draft: Listing, sample: Sample
) -> None:
    answer = shop.post(f"/sell/{draft.id}/samples/{sample.id}/seed")
    assert answer.status_code == 302
    session.refresh(sample)
    assert sample.seed == 777
    assert "Use seed 777" not in shop.get(address(draft, sample)).text


def test_what_was_submitted_cannot_be_changed_from_here(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_submitted(session, services, seller)
    session.commit()
    (first, *_) = version_of(session, listing).samples
    page = shop.get(address(listing, first))
    assert page.status_code == 200
    assert "says nothing about how it was made" in page.text
    assert "Take over into the form" not in page.text
    assert shop.post(f"/sell/{listing.id}/samples/{first.id}/seed").status_code == 404


def test_nobody_else_sees_it(app: Flask, session: Session, draft: Listing, sample: Sample) -> None:
    other = log_in(app.test_client(), make_seller(session).user)
    session.commit()
    assert other.get(address(draft, sample)).status_code == 404
    assert other.post(f"/sell/{draft.id}/samples/{sample.id}/seed").status_code == 404
    assert other.get(f"/sell/{draft.id}/edit?from={sample.id}&take=prompt").status_code == 404
    assert app.test_client().get(address(draft, sample)).status_code == 302


def test_a_foreign_sample_gives_nothing(
    shop: FlaskClient, session: Session, services: Services, draft: Listing
) -> None:
    elsewhere = make_draft(session, services, make_seller(session))
    foreign = make_sample(session, services, elsewhere, picture=told(3))
    session.commit()
    assert shop.get(address(draft, foreign)).status_code == 404
    assert shop.get(f"/sell/{draft.id}/edit?from={foreign.id}&take=prompt").status_code == 404


def test_public_copies_carry_nothing_of_it(
    services: Services, draft: Listing, sample: Sample
) -> None:
    assert SECRET.encode() in services.blobs.get(sample.original_key)
    names = [size[kind] for size in sample.derivatives for kind in ("webp", "jpeg")]
    assert names
    for name in names:
        assert SECRET.encode() not in services.blobs.get(public_key(name))
    assert SECRET not in sample.alt


def test_a_listing_can_begin_with_a_picture(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    data = {"picture": (io.BytesIO(told(1)), "fox.png")}
    page = shop.post("/sell/new/from-picture", data=data)
    assert page.status_code == 200
    assert f"a [subject] by a {SECRET}, (soft light:1.2)" in page.text
    assert '<option selected value="house-fast">' in page.text
    assert "Where from" in page.text
    assert 'action="/sell/new"' in page.text
    assert session.scalars(select(Listing)).all() == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (picture_bytes(1), "says nothing about how it was made"),
        (b"no picture", "says nothing about how it was made"),
        (told(1, TEXT.replace("Steps: 12", "Steps: 99")), "takes 6 to 14"),
    ],
)
def test_a_picture_that_helps_little_is_no_obstacle(
    shop: FlaskClient, data: bytes, words: str
) -> None:
    page = shop.post("/sell/new/from-picture", data={"picture": (io.BytesIO(data), "x.png")})
    assert page.status_code == 200
    assert words in page.text
    assert "New listing" in page.text
    assert shop.post("/sell/new/from-picture").status_code == 302


def test_brackets_of_other_tools_are_converted_on_request_and_nothing_is_saved(
    shop: FlaskClient, session: Session
) -> None:
    typed = FORM | {"prompt": "a {subject} in {red|teal}, <lora:ink:1>", "convert": "1"}
    page = shop.post("/sell/new", data=typed)
    assert page.status_code == 200
    assert "a [subject] in [colour: red | teal], &lt;lora:ink:1&gt;" in page.text
    assert "<strong>Converted.</strong>" in page.text
    assert "<strong>Explained.</strong>" in page.text
    assert "Layered paper scenes with one animal" in page.text
    assert session.scalars(select(Listing)).all() == []


def test_an_open_question_is_asked_before_anything_is_converted(shop: FlaskClient) -> None:
    typed = FORM | {"prompt": "a [fox], (red:1.2), {place}", "convert": "1"}
    asked = shop.post("/sell/new", data=typed)
    assert "a [fox], (red:1.2), {place}</textarea>" in asked.text
    assert 'name="answer-1"' in asked.text
    answered = shop.post("/sell/new", data=typed | {"answer-1": "weight"})
    assert r"a \[fox\], (red:1.2), [place]</textarea>" in answered.text


def test_hints_stand_on_the_draft_and_in_the_preview(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, prompt="a fox at noon at night, 8k")
    session.commit()
    page = shop.get(f"/sell/{listing.id}")
    assert "Hints on the prompt" in page.text
    assert "It cannot be day and night" in page.text
    live = shop.post(
        "/sell/preview.json",
        data={"prompt": "a [fox] at noon at night", "target_model": "house-full"},
    ).json
    assert live is not None
    assert live["hints"][0]["code"] == "contradiction"
    assert live["hints"][0]["is_warning"] is True


def test_kinds_of_variables_are_shown_and_checked(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    prompt = "a fox of [age: number 1 to 9 = 3; label=Its age; help=In years] years"
    listing = make_draft(session, services, seller, prompt=prompt)
    session.commit()
    page = shop.get(f"/sell/{listing.id}")
    assert "a number from 1 to 9" in page.text
    assert ">Its age</label>" in page.text
    data = {"new-0-seed": "1", "new-0-value-age": "12"}
    refused = shop.post(f"/sell/{listing.id}/samples", data=upload(picture_bytes(1), **data))
    assert refused.status_code == 422
    assert "Write a number from 1 to 9." in refused.text
    kept = data | {"new-0-value-age": "4.0"}
    assert (
        shop.post(f"/sell/{listing.id}/samples", data=upload(picture_bytes(1), **kept)).status_code
        == 302
    )
    (made,) = session.scalars(select(Sample)).all()
    assert made.values == {"age": "4"}
