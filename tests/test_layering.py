"""Imports run one way, and what is outside the core uses its public modules only."""

from __future__ import annotations

import ast
import functools
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "gwae_core"
MODULES = sorted(CORE.rglob("*.py"))
PLUGINS = sorted(
    path
    for pattern in ("plugins/*/**/*.py", "docs/examples/*/*.py")
    for path in ROOT.glob(pattern)
    if "tests" not in path.relative_to(ROOT).parts
)

ORDER = (
    "errors",
    "files",
    "records",
    "installed",
    "row_source",
    "stored_rows",
    "geodesic",
    "mixture_fit",
    "ground_costs",
    "nested",
    "process_group",
    "sharding",
    "spaces",
    "solvers",
    "data_metric",
    "context",
    "components",
    "ramps",
    "interfaces",
    "data_checks",
    "posteriors",
    "autoencoder",
    "evaluation",
    "registry",
    "hooks",
    "plugins",
    "registered",
    "validation",
    "measure",
    "yaml",
    "migrations",
    "training_config",
    "config",
    "schema",
    "splits",
    "evaluated_model",
    "evaluation_figures",
    "measurements",
    "evaluate",
    "engine",
    "build",
    "checkpoints",
    "saved_states",
    "interruption",
    "run_lock",
    "run_data",
    "child_processes",
    "launching",
    "following",
    "run_folder",
    "comparison",
    "provenance",
    "model",
    "resuming",
    "sampling",
    "measurement_cache",
    "known_measurements",
    "presets",
    "run_evaluation",
    "run_ranking",
    "run_training",
    "transformer",
    "report",
    "tracking",
    "runs",
    "seeds",
    "sweeping",
    "testing",
    "cli",
)
"""Modules and packages of core; each imports only those before it."""

PUBLIC = {
    "autoencoder",
    "components",
    "context",
    "data_checks",
    "data_metric",
    "errors",
    "evaluated_model",
    "evaluation",
    "hooks",
    "interfaces",
    "posteriors",
    "ramps",
    "mixture_fit",
    "records",
    "registered",
    "row_source",
    "sharding",
    "solvers",
    "spaces",
    "stored_rows",
    "testing",
}
"""What built-in components and plugins may use."""

LONGER: dict[str, str] = {}
"""Modules of more than 300 lines, each with its reason."""

DISTRIBUTIONS = {
    "PIL": "pillow",
    "mlflow": "mlflow-skinny",
    "ot": "pot",
    "pydantic_core": "pydantic",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Distributions whose import name is another."""


@functools.cache
def imports(path: Path, *, at_import: bool = False) -> frozenset[str]:
    """Dotted names that a file imports; those for type checkers alone are left out.

    Args:
        path: The file.
        at_import: Leave imports inside functions out.
    """

    def walk(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if at_import and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if is_module(submodule) else str(node.module)
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    return frozenset(walk(ast.parse(path.read_text(encoding="utf-8"))))


def is_module(name: str) -> bool:
    """Whether a dotted name is a module or package of core."""
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def unit(path: Path) -> str:
    """Top-level module or package of core that a file is in."""
    return path.relative_to(CORE).parts[0].removesuffix(".py")


def units(path: Path, *, at_import: bool = False) -> set[str]:
    """Top-level modules of core that a file imports."""
    names = (name.split(".") for name in imports(path, at_import=at_import))
    return {parts[1] for parts in names if parts[0] == "gwae_core" and len(parts) > 1}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_module_has_its_place_in_the_order():
    assert {unit(path) for path in MODULES} - {"builtin", "__init__"} <= set(ORDER)


@pytest.mark.parametrize(
    "path", [p for p in MODULES if unit(p) not in ("builtin", "__init__")], ids=relative
)
def test_imports_run_one_way(path):
    name = unit(path)
    # Discovery hands in the built-in components by the same hook as any plugin's.
    allowed = {*ORDER[: ORDER.index(name) + 1], *({"builtin"} if name == "plugins" else ())}
    assert units(path) <= allowed


def test_nothing_inside_the_package_goes_round_in_circles():
    edges = {p: {q for q in MODULES if dotted(q) in imports(p, at_import=True)} for p in MODULES}
    done: set[Path] = set()

    def visit(path: Path, above: tuple[Path, ...]) -> None:
        assert path not in above, " -> ".join(relative(p) for p in (*above, path))
        if path not in done:
            for other in edges[path] - {path}:
                visit(other, (*above, path))
            done.add(path)

    for path in MODULES:
        visit(path, ())


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_the_package_itself_imports_errors_alone():
    assert units(CORE / "__init__.py", at_import=True) == {"errors"}


@pytest.mark.parametrize("path", [p for p in MODULES if unit(p) == "builtin"], ids=relative)
def test_built_in_components_use_public_modules(path):
    assert units(path) <= PUBLIC | {"builtin"}


@pytest.mark.parametrize("path", PLUGINS, ids=relative)
def test_plugins_use_public_modules(path):
    assert units(path) <= PUBLIC


@pytest.mark.parametrize("name", ["spaces", "solvers", "evaluation", "interfaces"])
def test_the_numerical_modules_know_no_registry_and_no_configuration(name):
    reached, todo = set(), {name}
    while todo:
        reached |= todo
        inside = {u for p in MODULES if unit(p) in todo for u in units(p)}
        todo = inside - reached
    assert not reached & {"registry", "plugins", "registered", "config", "yaml", "builtin"}


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_core_imports_no_plugin_and_only_what_it_depends_on(path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = distributions(project["dependencies"])
    optional = distributions(
        [text for extra in project["optional-dependencies"].values() for text in extra]
    )
    for where, allowed in ((False, required | optional), (True, required)):
        roots = {name.split(".")[0] for name in imports(path, at_import=where)}
        roots -= {*sys.stdlib_module_names, "gwae_core"}
        assert not {root for root in roots if root.startswith("gwae")}
        assert {DISTRIBUTIONS.get(root, root).replace("_", "-").lower() for root in roots} <= (
            allowed
        )


def distributions(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", text)[0].lower() for text in requirements}


@pytest.mark.parametrize("path", [*MODULES, *PLUGINS], ids=relative)
def test_no_module_is_over_300_lines_without_a_reason(path):
    length = len(path.read_text(encoding="utf-8").splitlines())
    assert length <= 300 or LONGER.get(relative(path)), f"{length} lines"
