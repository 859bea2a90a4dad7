"""The lint: every code on a prompt that earns it and on a near one that does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.prompts import parse, public_variables
from marketplace.prompts.lint import Finding, LintContext, Severity, estimated_tokens, lint
from marketplace.prompts.lint.rules import RULES, rules
from marketplace.prompts.tagging import suggest_tags

GOOD = (
    "paper-cut [animal=fox] asleep on a chair, layered card, close-up from above, soft morning "
    "light, [colour: teal | coral] background"
)
SD = LintContext("Stable Diffusion 1.5", "Stable Diffusion 1.5", 77, takes_negative=True)
FLUX = LintContext("FLUX.1", "FLUX.1 schnell", 256, takes_negative=False)


def found(source: str, context: LintContext | None = None) -> dict[str, Finding]:
    return {finding.code: finding for finding in lint(source, context)}


def test_a_good_prompt_earns_no_remark():
    assert lint(GOOD, SD) == []


@pytest.mark.parametrize(
    ("gone", "code"),
    [
        ("paper-cut ", "no_style"),
        (", layered card", "no_material"),
        (", close-up from above", "no_composition"),
        (", soft morning light", "no_light"),
    ],
)
def test_each_missing_aspect_is_named(gone: str, code: str):
    source = GOOD.replace(gone, " ").replace("background", "shade" if code[3] != "l" else "cover")
    if code == "no_material":
        source = source.replace("paper-cut", "cartoon")
    assert code in found(source)
    assert all(one.severity is Severity.HINT for one in lint(source))


def test_a_variable_supplies_its_aspect():
    source = "[subject], [style], [material], [view], [time of day]"
    assert not {code for code in found(source) if code.startswith("no_")}
    choices = "[subject] as [x: watercolour | linocut], oak, close-up, [y: at dawn | by night]"
    assert not {code for code in found(choices) if code.startswith("no_")}


def test_nothing_but_praise_has_no_subject():
    assert "no_subject" in found("masterpiece, beautiful watercolour, 8k, soft light")
    assert "no_subject" not in found("a fox")


def test_lens_is_asked_of_photographs_and_material_of_the_rest():
    photo = found("photo of [subject], close-up, morning light")
    assert "no_lens" in photo
    assert "no_material" not in photo
    assert "no_lens" not in found("photo of [subject], 85mm lens, close-up, morning light")
    assert "no_lens" not in found("watercolour of [subject]")


@pytest.mark.parametrize(
    ("source", "clash"),
    [
        ("a photo of a [fox], watercolor", True),
        ("street at night, bright daylight, [x]", True),
        ("close-up wide shot of [x]", True),
        ("Black-and-White, vivid colours, [x]", True),
        ("photo of a [fox], no watercolor", False),
        ("photo of a [fox] without any illustration", False),
        ("close-up of [x] at night", False),
        ("[time: day | night], [x]", False),
        ("a daylight lamp on the nightstand, [x]", False),
        ("photorealistic [x]", False),
    ],
)
def test_contradictions(source: str, clash: bool):
    findings = found(source)
    assert ("contradiction" in findings) is clash
    if clash:
        one = findings["contradiction"]
        assert one.severity is Severity.WARNING
        assert source[one.start : one.end] in source
        assert "“" in one.explanation


def test_words_that_do_little_depend_on_the_family():
    source = "masterpiece, [fox], 8k, trending on ArtStation, 1girl"
    codes = [source[one.start : one.end] for one in lint(source, SD) if one.code == "ignored_word"]
    assert codes == ["masterpiece", "8k", "trending on ArtStation"]
    flux = [source[one.start : one.end] for one in lint(source, FLUX) if one.code == "ignored_word"]
    assert flux == ["masterpiece", "8k", "trending on ArtStation", "1girl"]
    assert "ignored_word" not in found("a masterpieces shop sign that reads 98k, [x]", SD)


def test_too_long_for_the_encoder_is_estimated_and_says_so():
    source = "[subject=fox], " + "layered paper hills, " * 40
    one = found(source, SD)["too_long_for_encoder"]
    assert "about" in one.explanation
    assert "estimate" in one.explanation
    assert "second piece" in one.explanation
    assert 150 < one.start < 500
    assert "too_long_for_encoder" not in found(source, LintContext())
    cut = found(source * 3, FLUX)["too_long_for_encoder"]
    assert "not read at all" in cut.explanation


def test_a_tokenizer_counts_where_there_is_one():
    context = LintContext("FLUX.1", "FLUX.1", 10, count_tokens=lambda text: len(text.split()))
    one = found("[subject=fox] " + "word " * 20, context)["too_long_for_encoder"]
    assert "this has 21 tokens;" in one.explanation
    assert "too_long_for_encoder" not in found("[subject=fox] word", context)


def test_the_longest_choice_counts():
    context = LintContext("FLUX.1", "F", 8, count_tokens=lambda text: len(text.split()))
    long = "a | " + "very " * 9 + "long one"
    assert "too_long_for_encoder" in found(f"[x: {long}] fox", context)
    assert "too_long_for_encoder" not in found("[x: a | b] fox", context)


def test_characters_are_limited_where_the_maker_says_so():
    context = LintContext("OpenAI images", "GPT Image", character_limit=100)
    assert "too_many_characters" in found("[fox] " + "word " * 30, context)
    assert "too_many_characters" not in found("[fox]", context)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 2, 2),
        ("a fox", 4, 4),
        ("a fox, 1990", 9, 9),
        ("extraordinarily", 4, 6),
        ("紙の狐", 5, 5),
        ("a very small paper fox under a large red moon at night", 13, 16),
    ],
)
def test_estimates_are_about_right(text: str, least: int, most: int):
    assert least <= estimated_tokens(text) <= most


def test_weights_and_networks():
    source = "(soft light:1.3), [x], <lora:paper:0.7>"
    flux = found(source, FLUX)
    assert source[flux["weights_not_read"].start : flux["weights_not_read"].end] == (
        "(soft light:1.3)"
    )
    assert "network_not_loaded" in flux
    assert "weights_not_read" not in found(source, SD)
    assert "weights_not_read" not in found("clock (at 10:30), [x]", SD)


def test_negatives_for_models_without():
    with_negative = LintContext("FLUX.1", "FLUX.1", None, takes_negative=False, negative_prompt="x")
    assert "negative_not_taken" in found(GOOD, with_negative)
    assert "negation" in found("street without people, [x]", FLUX)
    assert "negation" not in found("street without people, [x]", SD)
    assert "negative_not_taken" not in found(GOOD, FLUX)


def test_trigger_words():
    context = LintContext("Stable Diffusion 1.5", "Paper Cut", trigger_words=("PaperCut",))
    assert "no_trigger_word" in found("a [fox]", context)
    assert "no_trigger_word" not in found("papercut [fox]", context)
    assert "no_trigger_word" not in found("[style=PaperCut] fox", context)


def test_variables():
    assert "no_variable" in found("a fox")
    assert "repeated_variable" in found("[fox] [fox]")
    assert "repeated_variable" in found("[a] x [a] y [a] z [a]")
    assert "repeated_variable" not in found("[fox] and [fox]")
    assert "duplicate_variable" in found("[colour] and [color 2]")
    assert "duplicate_variable" in found("[sky: red | teal] over [sea: teal | red]")
    assert "duplicate_variable" not in found("[sky colour] and [sea colour]")
    fixed = found("[animal=fox] chasing a fox")["fixed_beside_variable"]
    assert (fixed.start, fixed.end) == (23, 26)
    assert "fixed_beside_variable" not in found("[animal=fox] chasing a foxglove")


def test_a_variable_that_never_varies_or_is_never_read():
    same = [{"animal": "fox"}, {"animal": "Fox"}, {"animal": "fox"}]
    assert "never_varied" in found("[animal]", LintContext(sample_values=same))
    assert "never_varied" not in found("[animal]", LintContext(sample_values=same[:2]))
    late = "word " * 300 + "[animal]"
    assert "unused_variable" in found(late, FLUX)
    assert "unused_variable" not in found(late, SD)  # read in pieces, to the end


def test_brackets_of_other_tools():
    assert "foreign_braces" in found("a {subject}")
    assert "foreign_variants" in found("a {red|teal} hat")
    assert not [code for code in found(GOOD) if code.startswith("foreign")]


def test_a_template_with_mistakes_gives_those_alone():
    findings = lint("one\ntwo [x: a]")
    assert [(one.code, one.start) for one in findings] == [("template", 11)]


@given(st.text(max_size=200), st.sampled_from([None, SD, FLUX]))
def test_never_raises_and_every_place_lies_in_the_text(source: str, context: LintContext | None):
    length = len(source.replace("\r\n", "\n"))
    for one in lint(source, context):
        assert 0 <= one.start <= one.end <= max(length, 1)
        assert one.explanation
        assert one.suggestion


def test_the_data_is_whole():
    content = json.loads(RULES.read_text())
    assert {entry["code"] for entry in content["aspects"]} == {
        "no_subject",
        "no_style",
        "no_material",
        "no_composition",
        "no_light",
        "no_lens",
    }
    families = set(content["encoders"])
    assert all(set(entry["families"]) <= families for entry in content["ignored"])
    for clash in rules().clashes:
        assert clash.why[0].isupper()
    for entry in content["clashes"]:
        assert not set(entry["one"]) & set(entry["other"])


def test_findings_do_not_show_the_prompt_in_their_repr():
    assert "secretword" not in repr(lint("secretword 8k [x]"))


def test_tags_come_from_public_words_alone():
    variables = public_variables(parse("hiddenword [animal=fox] in [sky: golden hour | night]"))
    tags = suggest_tags("Stunning Paper-Cut Foxes for Posters", variables, "Layered card, 8k.")
    assert tags[:2] == ["paper-cut", "card"]
    assert {"foxes", "animal", "golden hour", "night"} <= set(tags)
    assert not {"hiddenword", "8k", "stunning", "for", "golden"} & set(tags)
    assert len(tags) <= 8
    assert suggest_tags("", []) == []
