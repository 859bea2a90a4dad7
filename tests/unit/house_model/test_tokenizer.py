"""Every grammar word is one token; any other text still goes through."""

import pytest

from tests.late import Late

tokenizing = Late("house_model.tokenizer")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return tokenizing.build_tokenizer(tmp_path_factory.mktemp("tokenizer"))


def test_the_byte_alphabet_has_a_letter_for_every_byte():
    alphabet = tokenizing.byte_alphabet()
    assert len(alphabet) == len(set(alphabet)) == 256
    assert alphabet[ord("a")] == "a"


def test_grammar_words_are_single_tokens(tokenizer):
    for word in tokenizing.grammar_words():
        assert len(tokenizer.tokenize(word)) == 1, word


@pytest.mark.parametrize(
    "text",
    ["a steampunk whale, 2077", "ünïcödé über alles", "🦊 under a 夜 sky", "PAPER-CUT   fox!!"],
)
def test_any_text_survives_the_round_trip(tokenizer, text):
    ids = tokenizer(text).input_ids
    assert tokenizer.unk_token_id not in ids[1:-1]
    back = tokenizer.decode(ids, skip_special_tokens=True)
    assert "".join(back.split()) == "".join(text.lower().split())


def test_long_text_is_cut_to_the_length(tokenizer):
    ids = tokenizer("fox " * 200, truncation=True, max_length=tokenizing.LENGTH).input_ids
    assert len(ids) == tokenizing.LENGTH
