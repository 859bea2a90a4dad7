"""The wizard over HTTP: whatever is typed is kept, on every step, right or wrong."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.listings import operations
from marketplace.listings.checks import SubmissionError
from marketplace.listings.models import Listing
from marketplace.listings.queries import version_of
from marketplace.listings.states import ListingState
from marketplace.listings.wizard.rows import draft_of, typed_in
from tests.factories.accounts import make_seller
from tests.factories.listings import PROMPT, make_draft, make_live, make_submitted, picture_bytes
from tests.fixtures.app import log_in

JSON = {"Accept": "application/json"}
WORDS = {
    "title": "Paper-cut animals",
    "summary": "One animal under a sky of your choice",
    "category": "wallpapers",
    "tags": "paper, animals",
    "description": "Layered paper scenes with one animal of your choice.",
    "guide": "Short names of animals work best.",
}
PARAMETERS = (
    "velvet paper-cut fox under a night sky\n"
    "Steps: 12, Sampler: DPM++ 2M, CFG scale: 5, Seed: 77, Size: 256x256, "
    "Model: Bracket House 1 Fast"
)


def started(shop: FlaskClient, session: Session, **typed: str) -> Listing:
    """A listing begun with what is typed on the first page."""
    assert shop.post("/sell/begin", data={"go": "next", **typed}).status_code == 303
    session.expire_all()
    return session.scalars(select(Listing)).one()


def typed_of(session: Session, services: Services, listing: Listing) -> dict[str, str]:
    session.expire_all()
    row = draft_of(session, listing.id)
    assert row is not None
    return typed_in(services.vault, row)


def revision_on(page: str) -> str:
    found = re.search(r'name="revision" value="(\d+)"', page)
    assert found
    return found[1]


def send(shop: FlaskClient, listing: Listing, step: str, go: str = "next", **typed: Any) -> Any:
    """Fill in a step as a person without scripts does: open it, then press a button."""
    address = f"/sell/{listing.id}/steps/{step}"
    revision = revision_on(shop.get(address).text)
    return shop.post(address, data={"revision": revision, "go": go, **typed})


def upload(seed: int, text: str | None = None) -> tuple[io.BytesIO, str]:
    notes = PngInfo()
    if text:
        notes.add_text("parameters", text)
    return io.BytesIO(picture_bytes(seed, pnginfo=notes)), f"picture-{seed}.png"


def test_a_listing_is_written_step_by_step_and_submitted(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    assert "Step 1 of 8" in shop.get("/sell/begin").text
    listing = started(shop, session, prompt=PROMPT)
    assert send(shop, listing, "model", target_model="house-fast").location.endswith("/prompt")
    assert send(shop, listing, "prompt", prompt=PROMPT).location.endswith("/describe")
    assert send(shop, listing, "describe", **WORDS).location.endswith("/samples")
    pictures = [upload(seed) for seed in (1, 2, 3)]
    answer = send(shop, listing, "samples", "pictures", pictures=pictures)
    assert answer.status_code == 303
    session.expire_all()
    samples = version_of(session, listing).samples
    assert [sample.seed for sample in samples] == [None, None, None]
    seeds = {f"sample.{sample.id}.seed": str(7 + sample.position) for sample in samples}
    assert send(shop, listing, "samples", **seeds).location.endswith("/price")
    assert send(shop, listing, "price", price="2.99", licence="studio").location.endswith("/check")
    page = shop.get(f"/sell/{listing.id}/steps/check").text
    assert "Submit for verification" in page
    assert "light--red" not in page
    done = shop.post(f"/sell/{listing.id}/hand-in")
    assert done.location.endswith("/steps/submitted")
    session.expire_all()
    version = version_of(session, listing)
    assert (listing.state, listing.summary) == (ListingState.VERIFYING, WORDS["summary"])
    assert (version.target_model_slug, version.licence) == ("house-fast", "studio")
    assert [sample.seed for sample in version.samples] == [8, 9, 10]
    assert services.vault.open(version.guide_sealed or b"") == WORDS["guide"]
    assert draft_of(session, listing.id) is None
    assert "What the moderator sees" in shop.get(f"/sell/{listing.id}/steps/submitted").text
    moved = shop.get(f"/sell/{listing.id}/steps/price")
    assert moved.location.endswith("/steps/submitted")
    assert shop.post(f"/sell/{listing.id}/steps/price", data={"price": "3"}).status_code == 409


@pytest.mark.parametrize(
    ("step", "typed", "said"),
    [
        ("model", {"steps": "twenty", "guidance": "99"}, "whole number"),
        ("prompt", {"prompt": "a [fox under [sky"}, "is not closed"),
        ("describe", {**WORDS, "title": "ab", "tags": "x" * 30}, "Write 4 to 80 characters"),
        ("price", {"price": "0,5", "licence": "personal"}, "between $1.99 and $4.99"),
    ],
)
def test_what_is_wrong_is_kept_and_said_and_may_wait(
    shop: FlaskClient,
    session: Session,
    services: Services,
    step: str,
    typed: dict[str, str],
    said: str,
) -> None:
    listing = started(shop, session, prompt=PROMPT)
    answer = send(shop, listing, step, **typed)
    assert answer.status_code == 422
    assert said in answer.text
    kept = typed_of(session, services, listing)
    assert {name: kept[name] for name in typed} == typed
    page = shop.get(f"/sell/{listing.id}/steps/{step}").text
    for text in typed.values():
        assert text in page
    assert said not in page or step == "prompt"  # which always says so, beside the preview
    assert said in shop.get(f"/sell/{listing.id}/steps/{step}?told=1").text
    assert send(shop, listing, step, "anyway", **typed).status_code == 303
    with pytest.raises(SubmissionError):
        operations.submit(session, services.vault, services.queue, listing, listing.seller_id)
    session.rollback()
    checks = shop.get(f"/sell/{listing.id}/steps/check").text
    assert "light--red" in checks
    assert "Submit for verification" not in checks


def test_what_is_missing_makes_a_light_of_its_own_red(shop: FlaskClient, session: Session) -> None:
    listing = started(shop, session, prompt=PROMPT)
    checks = shop.get(f"/sell/{listing.id}/steps/check").text
    samples = checks.partition("<h2>Samples")[2].partition("</li>")[0]
    assert "Mend this" in samples
    assert "Add 3 more samples" in samples
    assert f"/sell/{listing.id}/steps/samples" in samples
    assert "Add 3 to 9 below" in shop.get(f"/sell/{listing.id}/steps/samples").text


def test_a_shelf_that_is_none_is_asked_for_anew(shop: FlaskClient, session: Session) -> None:
    listing = started(shop, session, prompt=PROMPT)
    answer = send(shop, listing, "describe", title="Paper foxes", category="nowhere")
    assert "Choose a category." in answer.text
    assert "Not a valid choice" not in answer.text


def test_the_prompt_in_force_stays_while_a_wrong_one_is_typed(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    listing = started(shop, session, prompt=PROMPT)
    send(shop, listing, "prompt", "stay", prompt="a [half")
    assert services.vault.open(version_of(session, listing).prompt_sealed) == PROMPT
    assert typed_of(session, services, listing)["prompt"] == "a [half"


def test_a_script_saves_each_change_and_learns_the_address(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    answer = shop.post("/sell/begin", data={"prompt": "a"}, headers=JSON)
    listing = session.scalars(select(Listing)).one()
    told = answer.get_json()
    assert told["address"] == f"/sell/{listing.id}/steps/start"
    again = shop.post(
        told["address"], data={"prompt": "a [fox]", "revision": told["revision"]}, headers=JSON
    )
    assert again.get_json()["revision"] == told["revision"] + 1
    same = shop.post(
        told["address"], data={"prompt": "a [fox]", "revision": told["revision"]}, headers=JSON
    )
    assert same.get_json()["revision"] == told["revision"] + 1
    assert typed_of(session, services, listing)["prompt"] == "a [fox]"
    long = shop.post(told["address"], data={"prompt": "x" * 20_001, "revision": "1"}, headers=JSON)
    assert (long.status_code, long.get_json()["field"]) == (422, "prompt")


def test_two_tabs_never_overwrite_each_other_silently(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    listing = started(shop, session, prompt=PROMPT)
    address = f"/sell/{listing.id}/steps/describe"
    late = revision_on(shop.get(address).text)
    first = {**WORDS, "title": "Said in one tab"}
    assert send(shop, listing, "describe", **first).status_code == 303
    # The other tab changed the tags only: both changes stand.
    merged = shop.post(address, data={"revision": late, "go": "stay", "tags": "late", "title": ""})
    assert merged.status_code == 409  # tags were changed by both
    assert "Another tab or device" in merged.text
    assert WORDS["tags"] in merged.text
    assert 'value="late"' in merged.text
    assert typed_of(session, services, listing)["tags"] == WORDS["tags"]
    other = shop.post(
        f"/sell/{listing.id}/steps/price", data={"revision": late, "go": "stay", "price": "2.99"}
    )
    assert other.status_code == 303  # nobody else touched the price
    chosen = {"revision": revision_on(merged.text), "go": "stay", "tags": "late"}
    assert shop.post(address, data=chosen).status_code == 303
    kept = typed_of(session, services, listing)
    assert (kept["title"], kept["tags"], kept["price"]) == ("Said in one tab", "late", "2.99")
    answer = shop.post(address, data={"revision": late, "title": "Mine"}, headers=JSON)
    assert answer.status_code == 409
    assert answer.get_json()["theirs"] == [
        {"name": "title", "label": "Title", "text": "Said in one tab"}
    ]


def test_a_picture_fills_empty_fields_and_says_where_from(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    data = {"go": "pictures", "pictures": [upload(1, PARAMETERS), upload(2), upload(1)]}
    answer = shop.post("/sell/begin", data=data)
    listing = session.scalars(select(Listing)).one()
    page = shop.get(answer.location).text
    assert "Where from" in page
    assert "This is the same picture as sample 1" in page
    kept = typed_of(session, services, listing)
    assert kept["prompt"] == "velvet paper-cut fox under a night sky"
    assert kept["steps"] == "12"
    samples = version_of(session, listing).samples
    assert [sample.seed for sample in samples] == [77, None]
    send(shop, listing, "start", "pictures", prompt="mine", pictures=[upload(3, PARAMETERS)])
    assert typed_of(session, services, listing)["prompt"] == "mine"
    taken = shop.post(
        f"/sell/{listing.id}/steps/take/{samples[0].id}", data={"take": ["prompt", "nonsense"]}
    )
    assert taken.location.endswith("/steps/prompt")
    assert typed_of(session, services, listing)["prompt"] == kept["prompt"]
    gone = send(shop, listing, "samples", f"remove:{samples[0].id}")
    assert gone.status_code == 303
    session.expire_all()
    assert [sample.seed for sample in version_of(session, listing).samples] == [None, 77]


def test_what_is_no_picture_is_refused_by_name_and_nothing_else_is(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    data = {"go": "pictures", "prompt": PROMPT, "pictures": [(io.BytesIO(b"GIF89a"), "a.gif")]}
    answer = shop.post("/sell/begin", data=data)
    assert "a.gif" in shop.get(answer.location).text
    listing = session.scalars(select(Listing)).one()
    assert typed_of(session, services, listing)["prompt"] == PROMPT


def test_variables_are_declared_by_their_form(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    listing = started(shop, session, prompt="a [fox] on [hill]")
    said = {
        "variable.fox.kind": "choice",
        "variable.fox.choices": "red fox, owl",
        "variable.hill.label": "Where it sits",
        "variable.hill.kind": "number",
        "variable.hill.low": "1",
    }
    answer = send(shop, listing, "prompt", prompt="a [fox] on [hill]", **said)
    assert answer.status_code == 422
    assert "Give both the smallest and the largest number" in answer.text
    kept = typed_of(session, services, listing)
    assert kept["prompt"] == "a [fox: red fox | owl] on [hill]"
    assert kept["variable.hill.label"] == "Where it sits"
    said = {name: text for name, text in said.items() if "hill" in name}
    answer = send(
        shop, listing, "prompt", prompt=kept["prompt"], **said, **{"variable.hill.high": "9"}
    )
    assert answer.status_code == 303
    kept = typed_of(session, services, listing)
    assert kept["prompt"] == (
        "a [fox: red fox | owl] on [hill: number 1 to 9; label=Where it sits]"
    )
    assert not any(name.startswith("variable.") for name in kept)


def test_foreign_brackets_are_converted_on_request(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    listing = started(shop, session, prompt="a {animal} in ${place}")
    page = send(shop, listing, "prompt", "convert", prompt="a {animal} in ${place}").text
    assert "Converted" in page
    assert typed_of(session, services, listing)["prompt"] == "a [animal] in [place]"


def test_samples_keep_impossible_values_as_typed(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, samples=3)
    session.commit()
    first = version_of(session, listing).samples[0]
    odd = {f"sample.{first.id}.seed": "12 or so", f"sample.{first.id}.value.sky": "dusk"}
    send(shop, listing, "samples", "stay", **odd)
    page = shop.get(f"/sell/{listing.id}/steps/samples?told=1").text
    assert "12 or so" in page
    assert '<option value="dusk" selected>' in page
    session.expire_all()
    sample = version_of(session, listing).samples[0]
    assert (sample.seed, sample.values["sky"]) == (None, "sunset")
    with pytest.raises(SubmissionError, match="Sample 1"):
        operations.submit(session, services.vault, services.queue, listing, seller.user_id)


def test_the_one_page_form_is_the_newer_word(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, samples=3)
    session.commit()
    send(shop, listing, "describe", "stay", **WORDS | {"title": "no"})
    form = {**WORDS, "target_model": "house-full", "prompt": PROMPT, "price": "2.99"}
    assert shop.post(f"/sell/{listing.id}/edit", data=form).status_code == 302
    assert f'value="{WORDS["title"]}"' in shop.get(f"/sell/{listing.id}/steps/describe").text
    operations.submit(session, services.vault, services.queue, listing, seller.user_id)


def test_a_foreign_or_submitted_listing_has_no_steps(
    client: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller)
    other = make_seller(session, "Other")
    session.commit()
    shop = log_in(client, other.user)
    for address in ("steps", "steps/start", "steps/check"):
        assert shop.get(f"/sell/{listing.id}/{address}").status_code == 404
    assert shop.post(f"/sell/{listing.id}/steps/start", data={"prompt": "x"}).status_code == 404
    assert shop.get(f"/sell/{listing.id}/steps/nowhere").status_code == 404


def test_a_rejected_or_withdrawn_listing_goes_through_its_steps_again(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_live(session, services, seller)
    sold = listing.live_version_id
    operations.withdraw(session, listing, seller.user_id)
    session.commit()
    assert shop.post(f"/sell/{listing.id}/revise").location.endswith("/steps/start")
    session.expire_all()
    version = version_of(session, listing)
    assert (listing.state, version.number) == (ListingState.DRAFT, 2)
    assert (len(version.samples), listing.live_version_id) == (3, sold)
    submitted = make_submitted(session, services, seller)
    session.commit()
    assert shop.post(f"/sell/{submitted.id}/revise").status_code == 409
