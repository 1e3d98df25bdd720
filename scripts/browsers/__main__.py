"""python -m scripts.browsers: checks what patients' phones are sent."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from scripts.browsers import css, html, javascript
from scripts.browsers.features import Features, FeaturesError, Use, judge, load

ROOT = Path(__file__).resolve().parents[2]
# Staff sit at computers that their hospital keeps; a patient brings the phone that there is.
PATTERNS = (
    "app/static/patient*.css",
    "app/static/*.js",
    "app/templates/patient/**/*.html",
    "app/templates/errors/*.html",
)
READERS: dict[str, Callable[[str], Iterator[Use]]] = {
    ".css": css.uses,
    ".js": javascript.uses,
    ".html": html.uses,
}


def problems(root: Path, features: Features, today: date) -> Iterator[str]:
    """What the files below a root use too early, and fallbacks declared for files that are not there."""
    paths = sorted({path for pattern in PATTERNS for path in root.glob(pattern)})
    names = {path.relative_to(root).as_posix(): path for path in paths}
    for name, path in names.items():
        uses = READERS[path.suffix](path.read_text(encoding="utf-8"))
        yield from judge(features, name, uses, today)
    yield from (
        f"{name}: has fallbacks, but is not there"
        for name in features.content["fallbacks"]
        if name not in names
    )


def main() -> int:
    """Prints each problem; the exit status says whether there is one.

    Today is the real date: the oldest browser that is served only ever gets newer, so a tree that passes once
    passes on every later day, and nobody has to move a date by hand.
    """
    try:
        found = list(problems(ROOT, load(), datetime.now(UTC).date()))
    except FeaturesError as error:
        found = [str(error)]
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
