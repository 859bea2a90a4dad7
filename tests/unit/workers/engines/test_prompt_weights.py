"""Weights are read out of prompts, and everything else is left as it stands."""

import pytest

from workers.engines.prompt_weights import has_weights, read_weights


def read(prompt, bare=False):
    return [(fragment.text, round(fragment.weight, 4)) for fragment in read_weights(prompt, bare)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a (red:1.3) fox", [("a ", 1), ("red", 1.3), (" fox", 1)]),
        ("(deep red:0.5)", [("deep red", 0.5)]),
        ("((red:1.2) and blue:1.5)", [("red", 1.8), (" and blue", 1.5)]),
        ("(a:b:1.2)", [("a:b", 1.2)]),
        ("(plain) (x: .5 )", [("(plain) ", 1), ("x", 0.5)]),
        ("(at 10:30) (y:1.1)", [("(at 10:30) ", 1), ("y", 1.1)]),
        (r"\(not a weight:1.3\) (c:0.5)", [("(not a weight:1.3) ", 1), ("c", 0.5)]),
        ("x ) y (z:2) ][", [("x ) y ", 1), ("z", 2), (" ][", 1)]),
        ("(red:0)", [("red", 0)]),
    ],
)
def test_explicit_weights(prompt, expected):
    assert read(prompt) == expected


@pytest.mark.parametrize(
    "prompt",
    ["a fox", "", "(a fox)", "[a fox]", "open ( here", "a: b", "(at 10:30)", r"\(a\)", "(red:1.0)"],
)
def test_a_prompt_without_weights_is_not_touched(prompt):
    assert read(prompt) == [(prompt, 1)]
    assert not has_weights(prompt)


def test_bare_brackets_count_where_the_model_says_so():
    assert read("a ((red)) [fox] (sky:1.4)", bare=True) == [
        ("a ", 1), ("red", 1.21), (" ", 1), ("fox", 0.9091), (" ", 1), ("sky", 1.4),
    ]  # fmt: skip


def test_a_fragment_does_not_show_its_text():
    assert "secret" not in repr(read_weights("(secret:1.2)"))
