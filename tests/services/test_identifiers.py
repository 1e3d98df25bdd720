"""Free text that names nobody passes; a national number or a date of birth does not."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.errors import RuleError
from app.services.identifiers import refuse_identifiers

pytestmark = pytest.mark.requirement("DAT-01")
TODAY = date(2026, 11, 23)


def refusal(text: str) -> str | None:
    try:
        refuse_identifiers(text, "remark", TODAY)
    except RuleError as error:
        return error.rule
    return None


def test_a_refusal_names_the_field_and_repeats_nothing() -> None:
    with pytest.raises(RuleError, match=r"^remark: birth date$") as refused:
        refuse_identifiers("born on 12/03/1954", "remark", TODAY)
    assert (refused.value.field, refused.value.facts) == ("remark", {})


@pytest.mark.parametrize(
    "text",
    [
        "1540375123456",
        "154037512345678",
        "1 54 03 75 123 456 78",
        "NIR : 2.54.12.2A.123.456-78.",
        "2 54 03 2b 123 456",
        "seen\n1 54 03\u00a075 123 456 78 today",
        "7 54 42 99 123 456 78",
    ],
)
def test_a_national_number_is_refused_however_it_is_spaced(text: str) -> None:
    assert refusal(text) == "national_number"


@pytest.mark.parametrize(
    "text",
    [
        "12/03/1954",
        "12.3.1954",
        "12 - 03 - 1954",
        "12 03 1954",
        "1954-03-12",
        "12/03/54",
        "03/31/1954",
        "12 mars 1954",
        "1er avril 1954",
        "le 2 août 54",
        "12 MARCH 1954",
        "March 12th, 1954",
        "Dec. 1, 1954",
        "seen (12/03/1954) today",
        "23/11/2008",
        "né le 12/03/2015",
        "née le : 12 mars 2015",
        "Né(e) le 12/03/2015",
        "date de naissance 12/03/2015",
        "DDN 12/03/2015",
        "born on 12 March 2015",
        "DOB: 2015-03-12",
    ],
)
def test_a_date_that_may_be_of_birth_is_refused(text: str) -> None:
    assert refusal(text) == "birth_date"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Initial visit on paper, phone was broken.",
        "Called on 12/11/2026 at 14:30, no answer.",
        "imatinib since 03/2006, diagnosis in 1999",
        "mars 1999",
        "25/12/2008",
        "2 mai 2012",
        "99/99/1954",
        "04-007, M12, 400 mg",
        "06 39 98 00 01",
        "12345678901234567890",
        "5540375123456",
        "1540075123456",
        "the newborn ward moved on 12/03/2025",
    ],
)
def test_what_a_nurse_writes_of_the_study_passes(text: str) -> None:
    assert refusal(text) is None


@given(st.dates(min_value=date(1905, 1, 1), max_value=TODAY - timedelta(days=365 * 18 + 5)))
def test_no_adults_birth_date_passes(day: date) -> None:
    for form in ("%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y", "on %d %B %Y", "%B %d, %Y"):
        assert refusal(f"x {day.strftime(form)} y") == "birth_date", form


@given(st.text(alphabet="0123456789/.- mairsnél", max_size=30))
def test_any_text_is_judged(text: str) -> None:
    assert refusal(text) in {None, "national_number", "birth_date"}
