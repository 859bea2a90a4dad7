"""How often the machine's advice is the decision that is right.

    python -m bench.triage [--half tuned|held_out] [--misses]

Last line: one JSON object over all cases.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.triage.cases import HALVES, Written, read
from marketplace.moderation.recommendation import Recommendation, recommend


@dataclass(frozen=True)
class Advised:
    """A case with the machine's advice."""

    case: Written
    advice: Recommendation

    @property
    def agrees(self) -> bool:
        """The same decision and, where there is a code, one of those that are right."""
        if self.advice.advice.value != self.case.action:
            return False
        return not self.case.codes or self.advice.code in self.case.codes


def main() -> None:
    """Advise on all cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=HALVES)
    parser.add_argument("--misses", action="store_true", help="list what came out otherwise")
    wanted = parser.parse_args()
    everything: list[Advised] = []
    for half in [wanted.half] if wanted.half else HALVES:
        advised = [Advised(case, recommend(case.evidence)) for case in read(half)]
        print(f"{half}: {len(advised)} cases, agreement {_agreement(advised):.3f}")
        if wanted.misses:
            _misses(advised)
        everything += advised
    _table(everything)
    print(json.dumps({"cases": len(everything), "agreement": round(_agreement(everything), 4)}))


def _agreement(advised: Sequence[Advised]) -> float:
    return sum(one.agrees for one in advised) / len(advised)


def _misses(advised: Sequence[Advised]) -> None:
    for one in advised:
        if not one.agrees:
            said = f"{one.advice.advice.value}:{one.advice.code or '-'}"
            right = f"{one.case.action}:{'|'.join(sorted(one.case.codes)) or '-'}"
            noticed = Counter(f"{n.code}/{n.severity.value}/{n.field}/{n.rule}"
                              for n in one.case.evidence.findings)  # fmt: skip
            print(f"  {one.case.id}: said {said}, right is {right} {sorted(noticed)}")


def _table(advised: Sequence[Advised]) -> None:
    counted = Counter((one.case.action, one.advice.advice.value) for one in advised)
    said = sorted({action for _, action in counted})
    print(f"{'right, said':<14}" + "".join(f"{name:>10}" for name in said))
    for right in sorted({action for action, _ in counted}):
        print(f"{right:<14}" + "".join(f"{counted[right, name]:>10}" for name in said))


if __name__ == "__main__":
    main()
