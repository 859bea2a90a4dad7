"""Precision, recall and false positives of the policy checks, per code.

    python -m bench.policy [--half tuned|held_out] [--from NUMBER] [--misses]

Prints both halves apart and together. Last line: one JSON object over all texts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.policy.texts import HALVES, Text, read
from marketplace.policy import Finding, Severity, check
from marketplace.policy.codes import reason_codes

OFFENSIVE = {"OFFENSIVE", "SEXUAL", "MINOR_SAFETY"}
NAMES = {"THIRD_PARTY_IP", "ARTIST_NAME", "REAL_PERSON"}


@dataclass(frozen=True)
class Checked:
    """A text with what was found."""

    text: Text
    findings: tuple[Finding, ...]

    @property
    def codes(self) -> set[str]:
        """Codes found; advice is not counted as found."""
        return {one.code for one in self.findings if one.severity is not Severity.NOTE}

    @property
    def hard(self) -> bool:
        """Whether anything hard was found."""
        return any(one.severity is Severity.HARD for one in self.findings)


def main() -> None:
    """Check all texts and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=HALVES)
    parser.add_argument("--misses", action="store_true", help="list what came out otherwise")
    parser.add_argument("--from", type=int, default=1, dest="first", metavar="NUMBER",
                        help="leave texts with lower numbers out")  # fmt: skip
    wanted = parser.parse_args()
    halves = [wanted.half] if wanted.half else list(HALVES)
    texts = {half: read(half)[wanted.first - 1 :] for half in halves}
    check(texts[halves[0]][0].submission)  # loads the lists and the model
    started = time.process_time()
    checked = {half: [_checked(text) for text in texts[half]] for half in halves}
    seconds = time.process_time() - started
    for half in halves:
        _table(half, checked[half])
        if wanted.misses:
            _misses(checked[half])
    everything = [one for half in halves for one in checked[half]]
    if len(halves) > 1:
        _table("all", everything)
    print(f"\n{1000 * seconds / len(everything):.1f} ms of CPU per text")
    for half in halves:
        print(half, json.dumps(_summary(checked[half])))
    print(json.dumps(_summary(everything)))


def _checked(text: Text) -> Checked:
    return Checked(text, tuple(check(text.submission)))


def _table(title: str, checked: Sequence[Checked]) -> None:
    print(f"\n{title}: {len(checked)} texts")
    print(f"{'code':<18}{'should':>7}{'found':>7}{'wrong':>7}{'precision':>11}{'recall':>8}"
          f"{'false positives':>17}")  # fmt: skip
    for code in reason_codes():
        should = [one for one in checked if code.key in one.text.expect]
        others = [one for one in checked if code.key not in one.text.expect | one.text.may]
        right = sum(code.key in one.codes for one in should)
        wrong = sum(code.key in one.codes for one in others)
        if not should and not wrong:
            continue
        precision = _share(right, right + wrong)
        print(f"{code.key:<18}{len(should):>7}{right:>7}{wrong:>7}{precision:>11}"
              f"{_share(right, len(should)):>8}{_share(wrong, len(others)):>17}")  # fmt: skip


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _summary(checked: Sequence[Checked]) -> dict[str, float | int]:
    clean = [one for one in checked if one.text.kind == "clean"]
    hidden = [one for one in checked if one.text.trick]
    return {
        "texts": len(checked),
        "clean_flagged_hard": round(sum(one.hard for one in clean) / max(len(clean), 1), 4),
        "offensive_recall": _recall(checked, OFFENSIVE),
        "ip_recall": _recall(checked, NAMES),
        "obfuscated_recall": _recall(hidden, OFFENSIVE | NAMES),
    }


def _recall(checked: Iterable[Checked], codes: set[str]) -> float:
    """The share of (text, expected code) pairs that were found."""
    pairs = [(code, one) for one in checked for code in one.text.expect & codes]
    return round(sum(code in one.codes for code, one in pairs) / len(pairs), 4) if pairs else 1.0


def _misses(checked: Sequence[Checked]) -> None:
    for one in checked:
        missed = one.text.expect - one.codes
        extra = one.codes - one.text.expect - one.text.may
        if missed or extra or (one.text.kind == "clean" and one.hard):
            rules = Counter(f.rule for f in one.findings if f.code in extra)
            print(f"  {one.text.id} {one.text.trick or one.text.kind}: missed {sorted(missed)}, "
                  f"extra {sorted(extra)} {dict(rules) or ''}\n    "
                  f"{one.text.submission.template!r}")  # fmt: skip


if __name__ == "__main__":
    main()
