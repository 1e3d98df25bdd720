"""Which browsers know which feature (features.toml), and which browsers must be served."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).with_name("features.toml")
BROWSERS = {"safari": "Safari on iOS", "chrome": "Chrome for Android"}
YEARS = 5
OLD, NEVER = "old", "-"
# The tables that are no kinds of features.
ABOUT = ("releases", "fallbacks", "ours")


class FeaturesError(Exception):
    """The data cannot answer; carries the browser and the day that its releases do not reach."""

    def __init__(self, browser: str, day: date) -> None:
        super().__init__(f"features.toml lists no release of {BROWSERS[browser]} up to {day}")
        self.browser = browser
        self.day = day


class Use(NamedTuple):
    """A feature met in a file. The first of its names that the data lists is judged.

    is_ours: the file defines the name itself, so that it need not be listed.
    """

    line: int
    kind: str
    names: tuple[str, ...]
    is_ours: bool = False


@dataclass(frozen=True)
class Features:
    """The data file as read: kind -> versions "safari chrome" or "old" -> names."""

    content: dict[str, Any]

    @cached_property
    def since(self) -> dict[tuple[str, str], str]:
        """(kind, name) -> the first versions."""
        kinds = {kind: groups for kind, groups in self.content.items() if kind not in ABOUT}
        return {
            (kind, name): versions
            for kind, groups in kinds.items()
            for versions, names in groups.items()
            for name in names.split()
        }

    def fallbacks(self, path: str) -> dict[str, str]:
        """ "kind name" -> why the file may use it: what happens where it is not known."""
        return dict(self.content["fallbacks"].get(path, {}))

    def ours(self, path: str) -> set[str]:
        """Names in the file that another of our files defines."""
        return set(self.content["ours"].get(path, "").split())

    def problem(self, use: Use, oldest: dict[str, str]) -> str | None:
        """What is wrong with a use, or None."""
        name = self.known_name(use)
        if name is None:
            return None if use.is_ours else f"{use.kind} {use.names[0]} is not in features.toml: look it up"
        versions = self.since[use.kind, name]
        if versions == OLD or all(map(is_known, versions.split(), oldest.values())):
            return None
        first = dict(zip(BROWSERS, versions.split(), strict=True))
        return f"{use.kind} {name} needs {said(first)}; patients may have {said(oldest)}"

    def known_name(self, use: Use) -> str | None:
        """The name of the use that the data lists."""
        return next((name for name in use.names if (use.kind, name) in self.since), None)

    def oldest(self, today: date) -> dict[str, str]:
        """Browser -> the version that an up-to-date phone had five years ago, the oldest that is served."""
        day = years_before(today)
        return {browser: self.current(browser, day) for browser in BROWSERS}

    def current(self, browser: str, day: date) -> str:
        """The newest version on a day."""
        releases: dict[str, date] = self.content["releases"][browser]
        released = [version for version, on in releases.items() if on <= day]
        if not released:
            raise FeaturesError(browser, day)
        return max(released, key=parsed)


def load(path: Path = DATA) -> Features:
    """The data of a file."""
    return Features(tomllib.loads(path.read_text(encoding="utf-8")))


def judge(features: Features, path: str, uses: Iterable[Use], today: date) -> list[str]:
    """The problems of a file, each with path and line; a fallback that it no longer needs is one, too."""
    oldest, fallbacks, ours = features.oldest(today), features.fallbacks(path), features.ours(path)
    found, met = [], set()
    for use in uses:
        if use.names[0].partition(".")[0] in ours:
            use = use._replace(is_ours=True)
        excuse = f"{use.kind} {features.known_name(use)}"
        met.add(excuse)
        if excuse not in fallbacks and (problem := features.problem(use, oldest)):
            found.append((use.line, problem))
    stale = [
        f"{path}: declares a fallback for {each}, but does not use it"
        for each in fallbacks
        if each not in met
    ]
    return [f"{path}:{line}: {problem}" for line, problem in sorted(set(found))] + stale


def years_before(today: date) -> date:
    """The same day YEARS ago; for 29 February the day before."""
    day = today.day - 1 if (today.month, today.day) == (2, 29) else today.day
    return date(today.year - YEARS, today.month, day)


def is_known(first: str, oldest: str) -> bool:
    """Whether a feature that came with the first version is there in the oldest."""
    return first != NEVER and parsed(first) <= parsed(oldest)


def parsed(version: str) -> tuple[int, ...]:
    """15.4 as (15, 4), so that 15.10 comes after it."""
    return tuple(int(part) for part in version.split("."))


def said(versions: dict[str, str]) -> str:
    """Both browsers with their versions."""
    return " and ".join(
        f"{BROWSERS[browser]} {'(never)' if version == NEVER else version}"
        for browser, version in versions.items()
    )
