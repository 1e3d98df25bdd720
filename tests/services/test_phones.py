"""Telephone numbers as people write them, in France, overseas and abroad; e-mail addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.definition.fields import Calendar
from app.services.errors import RuleError
from app.services.phones import REGIONS, can_receive_sms, parse_email, parse_phone, region_of

pytestmark = pytest.mark.requirement("DAT-01")


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("06 39 98 00 01", "FR", "+33639980001"),
        ("06.39.98.00.01", "FR", "+33639980001"),
        ("0639980001", "FR", "+33639980001"),
        (" 06-39-98-00-01 ", "FR", "+33639980001"),
        ("06\u00a039\u00a098\u00a000\u00a001", "FR", "+33639980001"),
        ("+33 6 39 98 00 01", "FR", "+33639980001"),
        ("+33 (0)6 39 98 00 01", "FR", "+33639980001"),
        ("0033 6 39 98 00 01", "FR", "+33639980001"),
        ("01 99 00 12 34", "FR", "+33199001234"),
        ("03 53 01 12 34", "RE", "+33353011234"),
        ("06 39 98 00 01", "RE", "+33639980001"),
        ("0692 00 00 00", "RE", "+262692000000"),
        ("0692 00 00 00", "FR", "+262692000000"),
        ("+262 692 00 00 00", "FR", "+262692000000"),
        ("0590 00 00 00", "FR", "+590590000000"),
        ("0694 20 00 00", "GF", "+594694200000"),
        ("0696 20 00 00", "FR", "+596696200000"),
        ("0690 30 00 00", "GP", "+590690300000"),
        ("0639 69 00 00", "FR", "+262639690000"),
        ("+687 75 00 00", "FR", "+687750000"),
        ("75 00 00", "NC", "+687750000"),
        ("75 00 00", "FR", None),
        ("+1 202 555 0123", "FR", "+12025550123"),
        ("+44 20 7946 0000", "RE", "+442079460000"),
    ],
)
def test_a_number_is_read_as_people_write_it(written: str, region: str, number: str | None) -> None:
    if number is not None:
        assert parse_phone(written, region) == number
    else:
        with pytest.raises(RuleError, match="no phone"):
            parse_phone(written, region)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "15",
        "3114",
        "06 39 98 00",
        "06 39 98 00 01 02",
        "99 99 99 99 99",
        "00000000000",
        "+33",
        "+999 12 34 56 78",
        "ring 06 39 98 00 01",
        "06 39 98 00 01 ext 3",
        "0639980001 / 0639980002",
        "0690BALLET",
        "٠٦٣٩٩٨٠٠٠١",
        "1 54 03 75 123 456 78",
        "06 39 98 00 01; DROP TABLE contact",
    ],
)
def test_what_is_no_number_is_refused_at_its_field_without_being_repeated(written: str) -> None:
    with pytest.raises(RuleError) as refused:
        parse_phone(written)
    assert (refused.value.field, refused.value.rule, refused.value.facts) == ("phone", "no_phone", {})


@pytest.mark.parametrize("written", ["0899 12 34 56", "0800 12 34 56", "0810 12 34 56"])
def test_a_number_of_services_is_nobodys(written: str) -> None:
    with pytest.raises(RuleError, match="no personal phone"):
        parse_phone(written)


@pytest.mark.parametrize(
    ("number", "is_mobile"),
    [
        ("+33639980001", True),
        ("+262692000000", True),
        ("+12025550123", True),
        ("+33199001234", False),
        ("+442079460000", False),
    ],
)
def test_a_mobile_receives_messages(number: str, is_mobile: bool) -> None:
    assert can_receive_sms(number) is is_mobile


@given(st.text(alphabet="0123456789 +().-/ \n", max_size=24))
def test_whatever_is_typed_is_a_number_or_refused(written: str) -> None:
    try:
        number = parse_phone(written)
    except RuleError:
        return
    assert parse_phone(number) == number


def test_the_region_is_that_of_the_sites_calendar() -> None:
    assert (region_of("metropole"), region_of("alsace-moselle"), region_of("reunion")) == ("FR", "FR", "RE")
    assert set(REGIONS) == set(Calendar.__args__) - {"metropole", "alsace-moselle"}


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (" a.patient@post.example ", "a.patient@post.example"),
        ("A.Patient@Post.Example", "A.Patient@post.example"),
        ("a+study@post.example", "a+study@post.example"),
        ("a@hôpital.example", "a@hôpital.example"),
    ],
)
def test_an_address_is_kept_as_it_is_written(written: str, address: str) -> None:
    assert parse_email(written) == address


@pytest.mark.parametrize(
    "written",
    [
        "",
        "a",
        "a@",
        "@post.example",
        "a@localhost",
        "a b@post.example",
        "a@post.example, b@post.example",
        "A Patient <a@post.example>",
        "a@post.example\r\nBcc: b@post.example",
        "a@[127.0.0.1]",
        f"{'a' * 260}@post.example",
    ],
)
def test_what_is_no_address_is_refused_at_its_field_without_being_repeated(written: str) -> None:
    with pytest.raises(RuleError) as refused:
        parse_email(written)
    assert (refused.value.field, refused.value.rule, refused.value.facts) == ("email", "no_email", {})
