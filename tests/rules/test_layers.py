"""Who may import whom: one table, held by the syntax tree, since migrations is no package."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Row:
    """What the modules at or below a name may import, besides the standard library and their own package."""

    ours: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


PUT_TOGETHER = Row(
    ours=("app", "scoring"),
    outside=(
        "alembic",
        "babel",
        "click",
        "flask",
        "flask_babel",
        "flask_bootstrap",
        "flask_compress",
        "flask_login",
        "flask_principal",
        "flask_security",
        "flask_sqlalchemy_lite",
        "flask_wtf",
        "itsdangerous",
        "jinja2",
        "markupsafe",
        "psycopg",
        "segno",
        "sqlalchemy",
        "werkzeug",
    ),
)
# werkzeug: what Flask's redirect returns is its Response.
SURFACE = Row(
    ours=("app.forms", "app.services", "app.i18n", "app.db", "app.clock"), outside=("flask", "werkzeug")
)
SCORING_COMMAND = Row(
    outside=("narwhals", "numpy", "pandas", "polars", "pyarrow", "pyreadstat", "openpyxl", "xlsxwriter")
)

# The longest name that fits a module rules it. Change it together with a decision.
TABLE = {
    "wsgi": Row(ours=("app",)),
    "scoring": Row(outside=("narwhals", "numpy")),
    "scoring.__main__": SCORING_COMMAND,
    "scoring.command": SCORING_COMMAND,
    "app.models": Row(outside=("sqlalchemy",)),
    "app.models.user": Row(outside=("sqlalchemy", "flask_security")),
    "app.models.types": Row(outside=("sqlalchemy", "cryptography")),
    "app.services": Row(
        ours=("app.channels", "app.models", "scoring", "app.clock", "app.settings", "app.version"),
        outside=("narwhals", "numpy", "pandas", "pydantic", "pydantic_core", "segno", "sqlalchemy"),
    ),
    # The reader of workbooks, beside what every service may import.
    "app.services.wording.xlsx_file": Row(ours=("app.services",), outside=("openpyxl",)),
    # One door to each of these libraries.
    "app.services.sealing": Row(outside=("cryptography",)),
    "app.services.phones": Row(ours=("app.services",), outside=("email_validator", "phonenumbers")),
    "app.services.working_hours": Row(ours=("app.services",), outside=("holidays",)),
    # What a service needs of a channel stands in the package itself; the gateways' libraries stay here.
    "app.channels": Row(ours=("app.clock", "app.settings"), outside=("httpx",)),
    "app.forms": Row(ours=("app.i18n", "scoring"), outside=("flask_wtf", "wtforms")),
    "app.patient": SURFACE,
    "app.nurse": SURFACE,
    "app.analyst": SURFACE,
    "app.manager": SURFACE,
    "app.admin": SURFACE,
    "app.api": SURFACE,
    "app.auth": Row(ours=SURFACE.ours, outside=(*SURFACE.outside, "flask_security")),
    "app.clock": Row(),
    "app.version": Row(),
    "app.settings": Row(ours=("app.version",), outside=("dotenv",)),
    "app": PUT_TOGETHER,
    "app.assets": Row(ours=PUT_TOGETHER.ours, outside=(*PUT_TOGETHER.outside, "brotli")),
    "app.cli": PUT_TOGETHER,
    "app.db": PUT_TOGETHER,
    "app.demo": PUT_TOGETHER,
    "app.errors": PUT_TOGETHER,
    "app.i18n": PUT_TOGETHER,
    "app.migrate": PUT_TOGETHER,
    "app.security": PUT_TOGETHER,
    "app.logs": PUT_TOGETHER,
    "app.staff_words": PUT_TOGETHER,
    "app.tick_cli": PUT_TOGETHER,
    "app.web_sessions": PUT_TOGETHER,
    "app.contact_cli": PUT_TOGETHER,
    "app.wording_cli": PUT_TOGETHER,
    "migrations": Row(outside=("alembic", "sqlalchemy")),
    "scripts": Row(outside=("babel",)),
    # Parses what patients' phones load.
    "scripts.browsers": Row(outside=("html5lib", "tinycss2", "tree_sitter", "tree_sitter_javascript")),
    # Plays patients on a scratch database, as the tests do, and binds what a browser shows.
    "scripts.dossier": Row(
        ours=("app", "scoring"),
        outside=("PIL", "flask", "playwright", "pypdf", "sqlalchemy", "tests", "werkzeug"),
    ),
}
# The factory itself is imported by what starts the application, and by nothing inside it.
FACTORY, FACTORY_USERS = "app", ("wsgi", "app.cli", "scripts.dossier.study")
FOLDERS = ("app", "scoring", "migrations", "scripts")


def module_name(path: Path) -> str:
    """app/services/links.py is app.services.links; a package's __init__ is the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> list[Path]:
    """Every Python file that has a row to obey."""
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return sorted([*inside, *ROOT.glob("wsgi.py")])


@cache
def known_modules() -> frozenset[str]:
    """Our own modules: `from app import db` imports app.db, `from app import create_app` the factory."""
    return frozenset(module_name(path) for path in sources())


def imported_names(tree: ast.AST, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """(line, module) for each import, wherever it stands; relative ones are resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, module, is_package)
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield node.lineno, whole if whole in known_modules() else base


def absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """The module that the statement names, without leading dots."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    above = parts[: len(parts) - node.level + (1 if is_package else 0)]
    return ".".join([*above, *([node.module] if node.module else [])])


def is_within(name: str, package: str) -> bool:
    """Whether the module is the package or lies in it."""
    return name == package or name.startswith(f"{package}.")


def row_of(module: str) -> Row | None:
    """The row that rules a module; app's own is for the factory alone, so a new module needs one."""
    fitting = [name for name in TABLE if is_within(module, name) and (name != FACTORY or module == FACTORY)]
    return TABLE[max(fitting, key=len)] if fitting else None


def own_package(module: str) -> str:
    """What a module may always import: app.services for app.services.links, scoring for scoring.score."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "app" else parts[0]


def is_allowed(name: str, module: str, row: Row) -> bool:
    """Whether the row lets the module import the name."""
    top = name.split(".")[0]
    if top in sys.stdlib_module_names:
        return True
    if name == FACTORY:
        return module in FACTORY_USERS
    if top in FOLDERS:
        allowed = row.ours if module == FACTORY else (own_package(module), *row.ours)
        return any(is_within(name, each) for each in allowed)
    return top in row.outside


def violations(source: str, module: str, is_package: bool = False) -> list[str]:
    """What the module imports and may not."""
    row = row_of(module)
    if row is None:
        return [f"{module} has no row in the table of layers"]
    return [
        f"{module}:{line} imports {name}"
        for line, name in imported_names(ast.parse(source), module, is_package)
        if not is_allowed(name, module, row)
    ]


@pytest.mark.threat("H4")
def test_every_module_imports_only_what_its_row_allows() -> None:
    found = [
        violation
        for path in sources()
        for violation in violations(
            path.read_text(encoding="utf-8"), module_name(path), path.name == "__init__.py"
        )
    ]
    assert not found, "\n".join(found)


@pytest.mark.threat("H4")
@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("scoring.score", "import flask"),
        ("scoring.score", "from app.models.base import Base"),
        ("scoring.score", "import pandas as pd"),
        ("app.models.visit", "from app.services.links import issue_link"),
        ("app.models.visit", "from flask_security import UserMixin"),
        ("app.services.links", "from flask import g"),
        ("app.services.links", "from ..forms.survey import SurveyForm"),
        ("app.services.links", "def f():\n    import flask_wtf"),
        (
            "app.services.links",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from flask import Flask",
        ),
        ("app.forms.visit", "from app.models.visit import Visit"),
        ("app.forms.visit", "import app.services.visits"),
        ("app.nurse.views", "from sqlalchemy import select"),
        ("app.nurse.views", "import sqlalchemy.orm as orm"),
        ("app.nurse.views", "from app.models import Visit"),
        ("app.nurse.views", "from app.patient.pages import ItemPage"),
        ("app.nurse.views", "from app import create_app"),
        ("app.db", "from app import create_app"),
        ("app.clock", "from flask import g"),
        ("app.brand_new", "import json"),
        ("migrations.versions.0001_create_tables", "from app.models.base import Base"),
        ("scripts.catalogues", "import app.i18n"),
    ],
)
def test_forbidden_import_is_caught(module: str, source: str) -> None:
    assert len(violations(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("scoring.score", "import narwhals.stable.v2 as nw\nimport numpy as np\nfrom . import errors"),
        ("scoring.__main__", "import pandas as pd\nfrom scoring.score import score_frame"),
        ("app.models.user", "from flask_security.core import UserMixin\nfrom app.models.base import Base"),
        (
            "app.services.links",
            "import hashlib\nfrom app.models.link import Link\nfrom sqlalchemy import select",
        ),
        ("app.services.links", "from .access import require\nfrom scoring.score import score_answers"),
        ("app.forms.visit", "from flask_wtf import FlaskForm\nfrom wtforms import DateField"),
        ("app.nurse.views", "from flask import render_template\nfrom app.services.visits import open_visits"),
        ("app.nurse.views", "from app.services.access import needs\nfrom app.nurse.pages import PatientPage"),
        ("app.cli", "from app import create_app"),
        ("wsgi", "from app import create_app"),
        ("migrations.versions.0001_create_tables", "import sqlalchemy as sa\nfrom alembic import op"),
    ],
)
def test_allowed_import_passes(module: str, source: str) -> None:
    assert violations(source, module) == []


def test_relative_import_in_a_package_file_is_resolved_from_the_package() -> None:
    assert violations("from .views import blueprint", "app.nurse", is_package=True) == []
    assert violations("from ..patient import blueprint", "app.nurse", is_package=True) == [
        "app.nurse:1 imports app.patient"
    ]


def test_the_rule_sees_the_real_modules() -> None:
    packages = {name.split(".")[0] for name in known_modules()}
    assert {"app", "scoring"} <= packages
