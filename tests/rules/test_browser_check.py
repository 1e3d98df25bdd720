"""What the check of patients' pages finds in style sheets, scripts and templates, and what it lets pass."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scripts.browsers import html, javascript
from scripts.browsers.__main__ import problems
from scripts.browsers.features import BROWSERS, DATA, Features, FeaturesError, load, parsed

TODAY = date(2026, 11, 22)
STYLE, SCRIPT = "app/static/patient.css", "app/static/survey.js"
TEMPLATE = "app/templates/patient/kinds/text.html"
Check = Callable[..., list[str]]


@pytest.fixture
def features() -> Features:
    """The real data, without the fallbacks of the real files."""
    return changed(load(), fallbacks={}, ours={})


def changed(features: Features, **tables: Any) -> Features:
    """The same data with other tables."""
    return replace(features, content={**features.content, **tables})


@pytest.fixture
def check(tmp_path: Path, features: Features) -> Check:
    """Puts one file into a tree of its own and says what is found there."""

    def run(name: str, source: str, today: date = TODAY, **tables: Any) -> list[str]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
        return list(problems(tmp_path, changed(features, **tables), today))

    return run


def heads(found: list[str]) -> list[str]:
    """Each problem up to what it is about: file, line, kind and name."""
    return [" ".join(problem.split(" ")[:3]) for problem in found]


def test_a_problem_names_file_line_feature_and_the_versions_on_both_sides(check: Check) -> None:
    needed, served = (
        "Safari on iOS 26.2 and Chrome for Android 93",
        "Safari on iOS 15.1 and Chrome for Android 96",
    )
    found = check(STYLE, "p {\n  margin: 0;\n  accent-color: red;\n}\n")
    assert found == [f"{STYLE}:3: property accent-color needs {needed}; patients may have {served}"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("p { inset-area: top }", "property inset-area"),
        ("p { display: masonry }", "value display:masonry"),
        ("p { overflow: clip }", "value overflow:clip"),
        ("p { min-height: 100dvh }", "unit dvh"),
        ("p { color: color-mix(in srgb, red, blue) }", "function color-mix"),
        ("p { color: rgb(from red r g b) }", "value color:from"),
        ("p { --ink: light-dark(black, white) }", "function light-dark"),
        ("p { width: calc(1px * (2 + sin(1rad))) }", "function sin"),
        ("p:has(b) { margin: 0 }", "selector has"),
        ("p:not(:modal) { margin: 0 }", "selector modal"),
        ("p:nth-child(2 of .on) { margin: 0 }", "selector nth-child(of)"),
        ("p::target-text { margin: 0 }", "selector target-text"),
        ("[type=date s] { margin: 0 }", "selector [s]"),
        ("p { b { margin: 0 } }", "selector &"),
        ("@layer base { p { margin: 0 } }", "at-rule @layer"),
        ("@media (width >= 40rem) { p { margin: 0 } }", "at-rule @media(range)"),
        ("@media (scripting: none) { p { margin: 0 } }", "at-rule @media(scripting)"),
        ("@media not ((hover) and (scripting)) { p { margin: 0 } }", "at-rule @media(scripting)"),
        ("@media print { p { zoom-around: 1 } }", "property zoom-around"),
        ("@keyframes turn { 50% { rotate-3d: 1deg } }", "property rotate-3d"),
        ("@font-face { size-adjust: 90% }", "at-rule @font-face(size-adjust)"),
        ("@unheard-of;", "at-rule @unheard-of"),
    ],
)
def test_new_and_unknown_parts_of_a_style_sheet_are_found(check: Check, source: str, name: str) -> None:
    assert f"{STYLE}:2: {name}" in heads(check(STYLE, "/* a comment */\n" + source))


def test_a_style_sheet_that_cannot_be_read_is_found(check: Check) -> None:
    assert any(line.startswith(f"{STYLE}:2: syntax") for line in check(STYLE, "p {\n  margin 0;\n}"))


def test_a_style_sheet_of_known_features_passes(check: Check) -> None:
    source = """
    @media (min-width: 40rem) and (prefers-color-scheme: dark) { :root { --ink: #fff; color-scheme: dark } }
    @supports (text-wrap: balance) { p { margin: 0 } }
    @keyframes turn { from { opacity: 0 } to { opacity: 1 } }
    [type=date i], a:not(.b, .c):is(:hover)::after > *, li:nth-child(2n + 1) {
      font: 1rem/1.4 system-ui, "Noto Sans", sans-serif; padding: env(safe-area-inset-top) max(1px, 2vw);
      transform: rotate(45deg) translateX(-50%) !important; animation: turn 1s ease;
    }
    """
    assert check(STYLE, source) == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("class A { count = 0; }", "syntax field_definition"),
        ("class A { static { } }", "syntax class_static_block"),
        ("await 1;", "syntax top-level-await"),
        ("function f() { using a = g(); }", "syntax using_declaration"),
        ("const a = ;", "syntax ERROR"),
        ("const a = /(?<=b)c/;", "regexp lookbehind"),
        ("const a = /b/v;", "regexp flag-v"),
        ("new RegExp('(?<!b)c');", "regexp lookbehind"),
        ("structuredClone({});", "global structuredClone"),
        ("const a = { unheardOf };", "global unheardOf"),
        ("self.navigation;", "global navigation"),
        ("const { structuredClone: copy } = window;", "global structuredClone"),
        ("[1].at(-1);", "member at"),
        ("const a = {}; a['findLast']();", "member findLast"),
        ("const a = {}; a.unheardOf = 1;", "member unheardOf"),
        ("Object.hasOwn({}, 'a');", "member Object.hasOwn"),
        ("Promise.withResolvers();", "member Promise.withResolvers"),
        ("const { locks } = navigator;", "member navigator.locks"),
        ("const f = ({ at }) => at;", "member at"),
        ("document.addEventListener('scrollend', () => 0);", "event scrollend"),
        ("document.createElement('dialog');", "element dialog"),
        ("document.body.setAttribute('inert', '');", "attribute [inert]"),
        ("document.querySelector('p:has(b)');", "selector has"),
        ("matchMedia('(scripting)');", "at-rule @media(scripting)"),
        ("document.body.scrollIntoView({ behavior: 'smooth' });", "option scrollIntoView(behavior)"),
    ],
)
def test_new_and_unknown_parts_of_a_script_are_found(check: Check, source: str, name: str) -> None:
    assert f"{SCRIPT}:3: {name}" in heads(check(SCRIPT, '"use strict";\n// A comment.\n' + source))


def test_a_script_of_known_features_passes(check: Check) -> None:
    source = """
    const store = { entries: [], keepAll(...given) { this.entries.push(...given); } };
    const pattern = /^(?<year>\\d{4})/u, total = 1_000n ** 2n;
    async function* each({ list, ...rest }, [first, other = first] = []) {
      for await (const { saved_at: at } of list ?? []) yield { at, ...rest, other };
    }
    function send(answer) {
      try { store.keepAll(answer?.saved_at, pattern.exec(answer)); } catch { return; }
      document.querySelector("p:not(.a)").dataset.anyName = `${total}`;
      addEventListener("online", () => fetch("/", { method: "POST" }).then((reply) => reply.json()));
      const { pathname } = location, { clients } = self;
      return [pathname, clients];
    }
    send(each);
    """
    assert check(SCRIPT, source) == []


def test_names_of_the_file_itself_do_not_excuse_the_platforms(check: Check) -> None:
    found = check(SCRIPT, "const mine = { at: 1, place: 2 };\nmine.place;\nmine.at;\n")
    assert heads(found) == [f"{SCRIPT}:3: member at"]


def test_names_that_another_file_defines_are_declared(check: Check) -> None:
    source = "const [part] = [document.body];\nFACTS.page;\npart.line;\n"
    assert heads(check(SCRIPT, source)) == [
        f"{SCRIPT}:2: global FACTS",
        f"{SCRIPT}:2: member FACTS.page",
        f"{SCRIPT}:3: member line",
    ]
    assert check(SCRIPT, source, ours={SCRIPT: "FACTS line"}) == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("<dialog></dialog>", "element dialog"),
        ("<p inert>", "attribute [inert]"),
        ("<p popover>", "attribute [popover]"),
        ('<input type="telepathy">', "attribute input[type=telepathy]"),
        ('<p inputmode="thought">', "attribute p[inputmode=thought]"),
        ('<a unheard-of="1">', "attribute a[unheard-of]"),
        ('<link rel="stylesheet expect">', "attribute link[rel=expect]"),
    ],
)
def test_new_and_unknown_parts_of_a_template_are_found(check: Check, source: str, name: str) -> None:
    lines = "{# a comment\n<dialog> #}\n{% if a %}<p{% if b %} hidden{% endif %}>{{ '<x>' }}</p>\n{% endif %}"
    assert f"{TEMPLATE}:4: {name}" in heads(check(TEMPLATE, lines + source))


def test_a_template_of_known_features_passes(check: Check) -> None:
    source = """
    {% extends "patient/base.html" %}
    <form method="post" data-any="1" autocomplete="off"{% if a %} hidden{% endif %}>
    <input type="text" name="{{ a }}" inputmode="numeric" enterkeyhint="next" aria-describedby="a" required>
    <input type="{{ kind }}" id="{{ a }}-b"><button type="submit">{{ _('Go "on"') }}</button></form>
    """
    assert check(TEMPLATE, source) == []


def test_a_declared_fallback_excuses_a_feature_in_its_file_alone(check: Check) -> None:
    excuse = {STYLE: {"property text-wrap": "headings break as they always did"}}
    source = "h1 { text-wrap: initial }"
    assert check(STYLE, source, fallbacks=excuse) == []
    other = "app/static/patient-print.css"
    assert heads(check(other, source, fallbacks=excuse)) == [f"{other}:1: property text-wrap"]


def test_a_fallback_that_is_not_needed_is_found(check: Check) -> None:
    excuses = {STYLE: {"property text-wrap": "a reason"}, "app/static/gone.js": {"member at": "a reason"}}
    assert check(STYLE, "p { margin: 0 }", fallbacks=excuses) == [
        f"{STYLE}: declares a fallback for property text-wrap, but does not use it",
        "app/static/gone.js: has fallbacks, but is not there",
    ]


def test_the_oldest_versions_are_those_current_five_years_ago(features: Features) -> None:
    assert features.oldest(TODAY) == {"safari": "15.1", "chrome": "96"}
    assert features.oldest(date(2027, 3, 13))["safari"] == "15.3"
    assert features.oldest(date(2027, 3, 14))["safari"] == "15.4"
    assert features.oldest(date(2028, 2, 29)) == features.oldest(date(2028, 2, 28))


def test_a_feature_is_free_once_no_older_browser_is_served(check: Check) -> None:
    source = "[1].at(-1);"
    assert heads(check(SCRIPT, source, date(2027, 3, 13))) == [f"{SCRIPT}:1: member at"]
    assert check(SCRIPT, source, date(2027, 3, 14)) == []
    # An excuse that time has overtaken does no harm: a tree that passes once passes on every later day.
    assert check(SCRIPT, source, date(2027, 3, 14), fallbacks={SCRIPT: {"member at": "a reason"}}) == []


def test_a_date_before_the_list_of_releases_is_refused(features: Features) -> None:
    with pytest.raises(FeaturesError, match="Safari on iOS up to 2015-01-01") as caught:
        features.oldest(date(2020, 1, 1))
    assert (caught.value.browser, caught.value.day) == ("safari", date(2015, 1, 1))


def test_versions_are_compared_as_numbers() -> None:
    assert parsed("15.10") > parsed("15.4") > parsed("9.3")


def test_the_data_says_each_thing_once_and_in_its_form(features: Features) -> None:
    for kind, groups in features.content.items():
        if kind not in ("releases", "fallbacks", "ours"):
            names = [name for group in groups.values() for name in group.split()]
            assert sorted(names) == sorted(set(names)), kind
            versions = [version for group in groups if group != "old" for version in group.split()]
            assert len(versions) == 2 * len([group for group in groups if group != "old"]), kind
            assert all(version == "-" or parsed(version) for version in versions), kind


def test_releases_are_dates_of_both_browsers(features: Features) -> None:
    releases = features.content["releases"]
    assert set(releases) == set(BROWSERS)
    for listed in releases.values():
        in_time = sorted(listed, key=lambda version: listed[version])
        assert all(isinstance(day, date) for day in listed.values())
        # Fixes of an old version may come after a newer one: only the first is listed.
        assert parsed(in_time[0]) == min(map(parsed, listed))


def test_every_fallback_has_a_reason_and_names_a_listed_feature() -> None:
    real = load(DATA)
    for excuses in real.content["fallbacks"].values():
        for excuse, reason in excuses.items():
            kind, _, name = excuse.partition(" ")
            assert ((kind, name) in real.since, len(reason) > 10) == (True, True), excuse


def test_line_numbers_survive_what_spans_lines() -> None:
    uses = list(html.uses("<p>{{ a(\n  1) }}</p>\n<b\n  class='c'>"))
    assert [(use.line, use.names[0]) for use in uses] == [(1, "p"), (3, "b"), (3, "b[class]")]
    places = {use.names[0]: use.line for use in javascript.uses("`a\nb`;\n/* \n */ alert(\n1);")}
    assert (places["alert"], places["number"]) == (4, 5)
