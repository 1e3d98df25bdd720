"""The parser of the tests finds every fault, in what many pages have alike and around it."""

from xml.etree.ElementTree import tostring

import pytest
from html5lib.html5parser import ParseError

from tests.markup import parse, whole

PAGE = """<!doctype html>
<html lang="en"><head><title>A page</title></head><body>
<form><p>Before</p>
<fieldset id="q01"><legend>One <b>word</b></legend><label><input name="q01"> Yes</label></fieldset>
<fieldset id="q02" hidden disabled><legend>Two</legend><textarea>&lt;/fieldset&gt;</textarea></fieldset> after
<footer class="foot"><p>Below<p>and on</footer></form><fieldset></fieldset></body></html>"""


@pytest.mark.parametrize(
    "page",
    [
        PAGE,
        PAGE.replace("Before", "<!-- <fieldset>no part</fieldset> -->"),
        PAGE.replace("Before", "</p><fieldset><fieldset>inner</fieldset> tail</fieldset><p>"),
        PAGE.replace("Before", "</p><fieldset>alike</fieldset><fieldset>alike</fieldset><p>"),
        PAGE.replace("<p>Before</p>", "<p>Before"),
        "<!doctype html><title>Without any part</title>",
    ],
    ids=["parts", "comment", "nested", "alike", "paragraph left open", "none"],
)
def test_the_tree_is_that_of_the_whole_document(page: str) -> None:
    assert tostring(parse(page)) == tostring(whole(page))
    assert tostring(parse(page)) == tostring(whole(page))


@pytest.mark.parametrize(
    ("sound", "faulty"),
    [
        ("</b>", ""),
        ("One", "One</i>"),
        ("One", "One</p>"),
        ("One", "One<form></form>"),
        ("One", "One</form>"),
        ('name="q01"', 'name="q01" name="q01"'),
        ("Yes", "Yes &nosuch;"),
        ("Yes", "Yes<tr>"),
        ("Below", "Below</div>"),
        ("</footer>", ""),
        ("Before", "Before</b>"),
        ("Before", "<b>Before"),
        ("<p>Before", "<p><select>"),
        ("</legend><textarea>", "<textarea>"),
        ("</fieldset> after", "</div></fieldset> after"),
        ("<!doctype html>", ""),
    ],
)
def test_a_fault_is_found_wherever_it_is(sound: str, faulty: str) -> None:
    parse(PAGE)
    page = PAGE.replace(sound, faulty, 1)
    assert page != PAGE
    with pytest.raises(ParseError):
        whole(page)
    with pytest.raises(ParseError):
        parse(page)


def test_pages_that_share_a_part_keep_what_follows_it() -> None:
    first, second = parse(PAGE), parse(PAGE.replace(" after", " later"))
    tails = [[each.tail for each in page.iter("fieldset")][1] for page in (first, second)]
    assert [tail.strip() for tail in tails if tail] == ["after", "later"]
