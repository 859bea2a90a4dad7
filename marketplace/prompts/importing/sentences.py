"""What an import says about each construct of another tool, by code. Data."""

from __future__ import annotations

SENTENCES = {
    "braces": "Braces mark a part to fill in elsewhere; here that is [{name}].",
    "variants": "A list of options in braces became a variable with choices. It is called "
    "“{name}”; give it a better name.",
    "variants_weighted": "A list of options in braces became the variable “{name}” with choices. "
    "The options' weights were dropped: a buyer chooses, nothing is drawn.",
    "variants_unclear": "This list of options cannot become choices: it picks several at once, has "
    "an empty option, holds a wildcard, or has too many or too long options. Write "
    "[name: one | two] in its place.",
    "wildcard": "A wildcard became the variable [{name}]. Its list of words is in another file: "
    "write the words as [{name}: one | two], or leave it as free text.",
    "assignment": "This set a variable and showed nothing; the variable [{name}] is declared where "
    "it is first used.",
    "angle": "Angle brackets mark a part to fill in elsewhere; here that is [{name}].",
    "angle_unclear": "“<{name}>” may be a part to fill in, or a word that an embedding was trained "
    "on.",
    "embedding": "A word of an embedding: it was left as text. Bracket runs models without "
    "embeddings, so it will have no effect.",
    "square_unclear": "In square brackets: a variable here; in A1111 words that count for less.",
    "less": "In A1111 and NovelAI square brackets make words count for less. Here they would be a "
    "variable, so they were written as text; write (words:0.9) to make words count for less.",
    "more": "In NovelAI braces make words count for more. They were left as text, and mean nothing "
    "here; write (words:1.05) instead.",
    "editing": "A1111 changes from one text to another on the way ([from:to:when]), or alternates "
    "([a|b]). Nothing here does that: it was written as text. Decide for one of the two.",
    "weight": "A weight: 1.2 counts for more, 0.8 for less. It stays as it is; models with a CLIP "
    "encoder read it here, others take it as text.",
    "network": "This loads a LoRA or another network in A1111. It is no part of the prompt, and "
    "Bracket runs models without it: the picture cannot be made again here. Take it out.",
    "keyword": "A1111 reads this word in capitals as an instruction. Here it is a word like any.",
    "braces_unclear": "These braces hold no name and no options, so they were left as text. Write "
    "[name] for a part that buyers fill in.",
}
"""By code; {name} is the variable's name."""

SQUARE_QUESTION = (
    "Words in square brackets: parts that buyers fill in, or words that count for less, as in "
    "A1111?"
)
SQUARE_ANSWERS = (
    ("weight", "Words that count for less: keep them as text"),
    ("variable", "Parts that buyers fill in"),
)
ANGLE_QUESTION = "“<{name}>”: a part that buyers fill in, or the word of an embedding?"
ANGLE_ANSWERS = (
    ("variable", "A part that buyers fill in"),
    ("embedding", "The word of an embedding: keep it as text"),
)
# Names under which prompts elsewhere leave room for something.
USUAL_NAMES = frozenset(
    {"subject", "style", "colour", "color", "colours", "colors", "animal", "place", "location"}
    | {"artist", "medium", "mood", "light", "lighting", "time", "season", "weather", "object"}
    | {"person", "character", "name", "text", "word", "background", "setting", "material", "theme"}
    | {"scene", "action", "emotion", "adjective", "noun", "city", "country", "food", "flower"}
)
