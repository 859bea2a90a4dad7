"""Who may import whom: layers, single owners of libraries, one place that commits."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.late import LOADED_EARLY

ROOT = Path(__file__).resolve().parents[2]
# Left never imports right; names beside each other do not import each other.
LAYERS = [
    {"core", "task_names", "settings_problems", "settings_safety"},
    {"prompts", "images", "gateways", "settings"},
    {"policy", "sentences"},
    {"accounts"},
    {"listings"},
    {"verification"},
    {"screening"},
    {"moderation"},
    {"offers"},
    {"orders"},
    {"payouts"},
    {"stripe_events"},
    {"library"},
    {"search"},
    {"discovery"},
    {"community"},
    {"insights"},
    {"registry", "wiring", "cli"},
    {"factory"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
# Each outside library is imported in one place, so that it can be replaced there.
OWNERS = {
    "stripe": {"marketplace/gateways/stripe_"},
    "boto3": {"marketplace/gateways/s3_blobs.py"},
    "botocore": {"marketplace/gateways/s3_blobs.py"},
    "celery": {"marketplace/gateways/celery_queue.py", "workers/app.py"},
    "torch": {"workers/engines/"},
    "diffusers": {"workers/engines/"},
    "imagehash": {"marketplace/images/hashes.py"},
    "pdqhash": {"marketplace/images/hashes.py", "workers/fingerprints/"},
    "numba": {"workers/search/"},
    "compel": {"workers/engines/"},
    "openai": {"workers/engines/", "marketplace/gateways/text_moderation.py"},
    "ahocorasick_rs": {"marketplace/policy/"},
    "confusable_homoglyphs": {"marketplace/policy/folding.py"},
    "profanity_check": {"marketplace/policy/tone.py"},
    "fpdf": {"marketplace/core/pdf.py"},
    "tokenizers": {"marketplace/listings/tokenizing.py", "marketplace/sentences/encoder.py"},
    "c2pa": {"marketplace/images/metadata/credentials.py"},
}
FOREIGN_PARTS = {"operations", "queries", "models", "states", "errors", "locks"}


@cache
def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@cache  # every rule below reads the same files
def imports(path: Path) -> list[str]:
    """Modules a file imports when it runs; imports for type checkers do not count."""
    found = []
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        elif not isinstance(node, ast.expr):  # no statement hides in an expression
            waiting += ast.iter_child_nodes(node)
    return found


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_layers_are_respected() -> None:
    wrong = []
    for path in sources("marketplace"):
        parts = path.relative_to(ROOT / "marketplace").with_suffix("").parts
        if parts[0] == "__init__":
            continue
        mine = LEVEL[parts[0]]
        for module in imports(path):
            if not module.startswith("marketplace."):
                continue
            theirs = module.split(".")[1]
            if theirs != parts[0] and LEVEL.get(theirs, 99) >= mine:
                wrong.append(f"{name_of(path)} imports {module}")
    assert wrong == []


def test_the_site_knows_no_worker_and_no_tool() -> None:
    wrong = [
        f"{name_of(path)} imports {module}"
        for path in sources("marketplace")
        for module in imports(path)
        if module.split(".")[0] in {"workers", "local", "demo", "house_model", "tests", "bench"}
    ]
    assert wrong == []


@pytest.mark.parametrize("library", sorted(OWNERS))
def test_libraries_have_one_owner(library: str) -> None:
    wrong = [
        name_of(path)
        for path in sources("marketplace", "workers", "demo")
        for module in imports(path)
        if module.split(".")[0] == library
        and not any(name_of(path).startswith(owner) for owner in OWNERS[library])
    ]
    assert wrong == []


def test_only_settings_reads_the_environment() -> None:
    wrong = [
        name_of(path)
        for path in sources("marketplace", "workers", "demo")
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    ]
    assert wrong == []


def test_one_place_commits() -> None:
    """Looked for in the syntax tree: ``something.commit()`` anywhere but unit_of_work."""
    wrong = []
    for path in sources("marketplace", "workers", "demo"):
        if name_of(path) == "marketplace/core/unit_of_work.py" or "commit" not in path.read_text():
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr == "commit":
                wrong.append(f"{name_of(path)}:{node.lineno}")
    assert wrong == []


def test_every_task_name_is_registered() -> None:
    from importlib import import_module

    from marketplace.task_names import TaskName
    from workers.app import app

    for module in app.conf.imports:
        import_module(module)
    assert {name.value for name in TaskName} <= set(app.tasks)


def test_the_schedule_names_real_tasks() -> None:
    from marketplace.task_names import TaskName
    from workers.schedule import SCHEDULE

    assert {entry["task"] for entry in SCHEDULE.values()} <= {name.value for name in TaskName}


def test_collecting_tests_loads_no_model_library(pytestconfig: pytest.Config) -> None:
    """Every test process collects all tests, and one of them runs those of the models."""
    assert pytestconfig.stash[LOADED_EARLY] == frozenset()


def test_importing_tasks_loads_no_model_library() -> None:
    """A worker of the default queue must start without torch: it would cost seconds and memory."""
    import subprocess
    import sys

    code = (
        "import sys; import workers.tasks.verification, workers.tasks.payments;"
        "assert 'torch' not in sys.modules and 'diffusers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
