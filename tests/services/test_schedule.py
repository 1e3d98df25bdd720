"""When visits fall: calendar rules, time zones, and the first study's visits to the day."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo, available_timezones

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.services.definition import StudyDefinition, parse_definition
from app.services.schedule import (
    NaiveInstantError,
    PlannedVisit,
    add_months,
    local_date,
    local_midnight,
    nominal_visits,
    plan_visits,
    window,
)
from tests.factories import source

pytestmark = pytest.mark.requirement("VIS-02")

SOURCE = source()
KEEP = parse_definition(SOURCE, "gist-ima.toml")
CLOSE = parse_definition(
    SOURCE.replace('on_reintroduction = "keep"', 'on_reintroduction = "close"'), "gist-ima.toml"
)

PARIS = ZoneInfo("Europe/Paris")
OVERSEAS = [
    "Indian/Reunion",
    "America/Guadeloupe",
    "America/Cayenne",
    "Pacific/Noumea",
    "Pacific/Tahiti",
]
# Their clocks skip midnight in spring or have it twice in autumn.
MIDNIGHT_CHANGES = ["America/Santiago", "Africa/Cairo", "Asia/Beirut", "America/Havana", "America/Nuuk"]
ZONES = [ZoneInfo(name) for name in ["Europe/Paris", *OVERSEAS, *MIDNIGHT_CHANGES]]

days = st.dates(min_value=date(2024, 1, 1), max_value=date(2036, 12, 31))
zones = st.sampled_from(ZONES)
months = st.integers(min_value=0, max_value=120)
MICROSECOND = timedelta(microseconds=1)


def codes(visits: tuple[PlannedVisit, ...]) -> list[str]:
    return [visit.code for visit in visits]


def dates(visits: tuple[PlannedVisit, ...]) -> dict[str, str]:
    return {visit.code: f"{visit.opens_on} {visit.due_on} {visit.closes_on}" for visit in visits}


# Months


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 2, 28), 1, date(2026, 3, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 3, 31), 1, date(2026, 4, 30)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
        (date(2026, 12, 15), 0, date(2026, 12, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2099, 12, 1), 3, date(2100, 3, 1)),
        (date(2100, 1, 29), 1, date(2100, 2, 28)),
    ],
)
def test_months_are_counted_on_the_calendar(day: date, count: int, expected: date) -> None:
    assert add_months(day, count) == expected


@given(days, st.integers(min_value=-120, max_value=120))
def test_months_agree_with_pandas(day: date, count: int) -> None:
    assert add_months(day, count) == (pd.Timestamp(day) + pd.DateOffset(months=count)).date()


@given(days, months)
def test_the_day_of_the_month_stays_or_is_the_last_one(day: date, count: int) -> None:
    later = add_months(day, count)
    assert later.day == day.day or (later + timedelta(days=1)).day == 1
    assert (later.year - day.year) * 12 + later.month - day.month == count


@given(days, months, months)
def test_more_months_are_never_earlier(day: date, fewer: int, more: int) -> None:
    fewer, more = sorted((fewer, more))
    assert add_months(day, fewer) <= add_months(day, more)
    assert (add_months(day, fewer) == add_months(day, more)) == (fewer == more)


@given(days, days, months)
def test_a_later_day_is_never_earlier_after_the_same_months(first: date, second: date, count: int) -> None:
    first, second = sorted((first, second))
    assert add_months(first, count) <= add_months(second, count)


@given(days, months)
def test_counting_from_the_anchor_never_drifts_to_the_end_of_a_short_month(day: date, count: int) -> None:
    assert add_months(day, 12 * count).month == day.month
    assert add_months(day, 48) == day.replace(year=day.year + 4)


# Local dates and instants


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2026, 3, 29), "Europe/Paris", "2026-03-28T23:00+00:00"),
        (date(2026, 3, 30), "Europe/Paris", "2026-03-29T22:00+00:00"),
        (date(2026, 10, 25), "Europe/Paris", "2026-10-24T22:00+00:00"),
        (date(2026, 10, 26), "Europe/Paris", "2026-10-25T23:00+00:00"),
        (date(2026, 3, 29), "Indian/Reunion", "2026-03-28T20:00+00:00"),
        (date(2026, 3, 29), "America/Guadeloupe", "2026-03-29T04:00+00:00"),
        (date(2026, 3, 29), "America/Cayenne", "2026-03-29T03:00+00:00"),
        (date(2026, 3, 29), "Pacific/Noumea", "2026-03-28T13:00+00:00"),
        (date(2026, 3, 29), "Pacific/Tahiti", "2026-03-29T10:00+00:00"),
        # 00:00 to 01:00 does not exist: the day begins at 01:00 summer time.
        (date(2026, 4, 24), "Africa/Cairo", "2026-04-23T22:00+00:00"),
        (date(2026, 3, 29), "Asia/Beirut", "2026-03-28T22:00+00:00"),
        (date(2026, 9, 6), "America/Santiago", "2026-09-06T04:00+00:00"),
        # 00:00 to 01:00 comes twice: the day begins with the first.
        (date(2026, 11, 1), "America/Havana", "2026-11-01T04:00+00:00"),
        # The day before lasts an hour longer: 23:00 to 24:00 comes twice.
        (date(2026, 4, 5), "America/Santiago", "2026-04-05T04:00+00:00"),
    ],
)
@pytest.mark.threat("D13")
def test_a_local_day_begins_at_this_instant(day: date, zone: str, instant: str) -> None:
    assert local_midnight(day, ZoneInfo(zone)) == datetime.fromisoformat(instant)


@pytest.mark.threat("D13")
def test_midnight_is_given_in_utc() -> None:
    assert local_midnight(date(2026, 7, 1), PARIS).tzinfo is UTC


@pytest.mark.threat("D13")
def test_a_day_begins_where_the_day_before_ends_in_every_zone_of_the_world() -> None:
    year = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    for zone in map(ZoneInfo, sorted(available_timezones())):
        begins = [local_midnight(day, zone) for day in year]
        assert [local_date(instant, zone) for instant in begins] == year, zone
        before = [local_date(instant - MICROSECOND, zone) + timedelta(days=1) for instant in begins]
        assert before == year, zone


@pytest.mark.threat("D13")
@settings(deadline=None, max_examples=500)
@given(
    zones,
    days,
    st.integers(min_value=0, max_value=60),
    st.booleans(),
    st.timedeltas(min_value=timedelta(days=-90), max_value=timedelta(days=90))
    | st.timedeltas(min_value=timedelta(hours=-3), max_value=timedelta(hours=3))
    | st.sampled_from([-MICROSECOND, timedelta(0), MICROSECOND]),
)
@example(PARIS, date(2026, 3, 29), 0, False, timedelta(hours=23))
@example(PARIS, date(2026, 10, 25), 0, False, timedelta(hours=24, minutes=30))
@example(ZoneInfo("Africa/Cairo"), date(2026, 4, 24), 0, False, -MICROSECOND)
@example(ZoneInfo("America/Santiago"), date(2026, 9, 5), 0, True, timedelta(0))
@example(ZoneInfo("Asia/Beirut"), date(2026, 3, 29), 0, False, timedelta(0))
def test_a_window_holds_exactly_the_instants_of_its_local_dates(
    zone: ZoneInfo, opens_on: date, length: int, near_the_end: bool, offset: timedelta
) -> None:
    closes_on = opens_on + timedelta(days=length)
    opens_at, closes_at = window((opens_on, closes_on), zone)
    instant = (closes_at if near_the_end else opens_at) + offset
    assert (opens_at <= instant < closes_at) == (opens_on <= local_date(instant, zone) <= closes_on)


@pytest.mark.threat("D13")
@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 3, 29), "Europe/Paris", 23),
        (date(2026, 10, 25), "Europe/Paris", 25),
        (date(2026, 6, 1), "Europe/Paris", 24),
        (date(2026, 3, 29), "Indian/Reunion", 24),
        (date(2026, 10, 25), "America/Guadeloupe", 24),
        (date(2026, 4, 24), "Africa/Cairo", 23),
    ],
)
def test_a_window_of_one_day_lasts_as_long_as_that_day(day: date, zone: str, hours: int) -> None:
    opens_at, closes_at = window((day, day), ZoneInfo(zone))
    assert closes_at - opens_at == timedelta(hours=hours)


@pytest.mark.threat("D13")
@given(zones, days)
def test_windows_of_days_that_follow_each_other_touch_without_overlap(zone: ZoneInfo, day: date) -> None:
    following = day + timedelta(days=1)
    assert window((day, day), zone)[1] == window((following, following), zone)[0]


@pytest.mark.threat("D14")
@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(
    "day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 12, 31), date(2028, 2, 29)]
)
def test_the_visit_day_is_the_patients_at_23_59_and_00_01(zone: ZoneInfo, day: date) -> None:
    late = datetime(day.year, day.month, day.day, 23, 59, tzinfo=zone).astimezone(UTC)
    following = day + timedelta(days=1)
    early = datetime(following.year, following.month, following.day, 0, 1, tzinfo=zone).astimezone(UTC)
    opens_at, closes_at = window((day, day), zone)
    assert local_date(late, zone) == day
    assert opens_at <= late < closes_at
    assert local_date(early, zone) == following
    assert not opens_at <= early < closes_at


@pytest.mark.threat("D14")
def test_one_instant_has_different_dates_at_different_sites() -> None:
    instant = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    found = {name: local_date(instant, ZoneInfo(name)).day for name in ["Europe/Paris", *OVERSEAS]}
    assert found == {
        "Europe/Paris": 1,
        "Indian/Reunion": 1,
        "America/Guadeloupe": 30,
        "America/Cayenne": 30,
        "Pacific/Noumea": 1,
        "Pacific/Tahiti": 30,
    }


@pytest.mark.threat("D13")
@pytest.mark.parametrize("fold", [0, 1])
def test_the_hour_that_comes_twice_is_of_one_date(fold: int) -> None:
    instant = datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=PARIS).astimezone(UTC)
    assert local_date(instant, PARIS) == date(2026, 10, 25)
    assert instant.hour == fold


@pytest.mark.threat("D13")
def test_the_hour_that_is_skipped_is_of_one_date() -> None:
    instant = datetime(2026, 3, 29, 2, 30, tzinfo=PARIS).astimezone(UTC)
    assert local_date(instant, PARIS) == date(2026, 3, 29)


def test_an_instant_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001
    with pytest.raises(NaiveInstantError, match="2026-03-29T02:30:00") as refused:
        local_date(naive, PARIS)
    assert refused.value.instant == naive


@given(zones, days)
def test_a_planned_visit_is_open_from_its_first_to_its_last_local_date(zone: ZoneInfo, day: date) -> None:
    (baseline,) = plan_visits(KEEP, None, {"consent": day})
    assert window(baseline, zone) == window((baseline.opens_on, baseline.closes_on), zone)
    assert local_date(window(baseline, zone)[0], zone) == day


# The first study

QUARTERLY = ["M3", "M6", "M9", "M12", "M15", "M18", "M21", "M24"]
HALF_YEARLY = ["M30", "M36", "M42", "M48", "M54", "M60"]
AFTER_REINTRODUCTION = [
    *["RI0", "RI1", "RI3", "RI6", "RI12", "RI18", "RI24", "RI30", "RI36", "RI42", "RI48", "RI54", "RI60"]
]
RANDOMISED = {"consent": date(2026, 3, 2), "randomisation": date(2026, 3, 16)}
RESTARTED = {**RANDOMISED, "reintroduction": date(2026, 12, 16)}


def test_nothing_is_planned_before_consent() -> None:
    assert plan_visits(KEEP, None, {}) == ()


def test_consent_alone_opens_the_baseline_on_that_day_for_28_days() -> None:
    (baseline,) = plan_visits(KEEP, None, {"consent": date(2026, 3, 2)})
    assert baseline == PlannedVisit(
        code="BASELINE",
        names={"fr": "Visite initiale", "en": "Baseline"},
        anchor="consent",
        due_on=date(2026, 3, 2),
        opens_on=date(2026, 3, 2),
        closes_on=date(2026, 3, 30),
        questionnaires=("qlq-c30",),
    )


@pytest.mark.parametrize("arm", ["interruption", "continuation"])
def test_randomisation_adds_the_same_visits_in_both_arms(arm: str) -> None:
    assert codes(plan_visits(KEEP, arm, RANDOMISED)) == ["BASELINE", *QUARTERLY, *HALF_YEARLY]


def test_events_that_anchor_no_visit_plan_none() -> None:
    events = {"progression": date(2026, 9, 1), "response": date(2026, 10, 1), "death": date(2027, 1, 1)}
    assert plan_visits(KEEP, "interruption", RANDOMISED | events) == plan_visits(
        KEEP, "interruption", RANDOMISED
    )


def test_reintroduction_adds_its_own_visits_and_keeps_the_others() -> None:
    before = plan_visits(KEEP, "interruption", RANDOMISED)
    after = plan_visits(KEEP, "interruption", RESTARTED)
    assert [visit for visit in after if visit.anchor != "reintroduction"] == list(before)
    assert [visit.code for visit in after if visit.anchor == "reintroduction"] == AFTER_REINTRODUCTION


def test_visits_stand_in_the_order_they_are_due_then_in_that_of_the_definition() -> None:
    assert codes(plan_visits(KEEP, "interruption", RESTARTED))[:9] == [
        *["BASELINE", "M3", "M6", "M9", "RI0", "RI1", "M12", "RI3", "M15"],
    ]


@pytest.mark.parametrize("arm", ["continuation", None])
def test_visits_of_one_arm_are_planned_in_that_arm_only(arm: str | None) -> None:
    assert codes(plan_visits(KEEP, arm, RESTARTED)) == ["BASELINE", *QUARTERLY, *HALF_YEARLY]


def test_a_study_may_close_the_visits_due_on_or_after_reintroduction() -> None:
    planned = plan_visits(CLOSE, "interruption", RESTARTED)
    assert codes(planned) == ["BASELINE", "M3", "M6", *AFTER_REINTRODUCTION]


def test_a_visit_due_the_day_before_reintroduction_is_kept() -> None:
    restarted = RANDOMISED | {"reintroduction": date(2026, 12, 17)}
    assert codes(plan_visits(CLOSE, "interruption", restarted))[:4] == ["BASELINE", "M3", "M6", "M9"]


def test_closing_changes_nothing_before_reintroduction() -> None:
    assert plan_visits(CLOSE, "interruption", RANDOMISED) == plan_visits(KEEP, "interruption", RANDOMISED)


def test_the_visits_of_a_patient_randomised_on_31_august() -> None:
    planned = plan_visits(KEEP, "continuation", {"randomisation": date(2026, 8, 31)})
    assert dates(planned) == {
        "M3": "2026-11-16 2026-11-30 2026-12-14",
        "M6": "2027-02-14 2027-02-28 2027-03-14",
        "M9": "2027-05-17 2027-05-31 2027-06-14",
        "M12": "2027-08-17 2027-08-31 2027-09-14",
        "M15": "2027-11-16 2027-11-30 2027-12-14",
        "M18": "2028-02-15 2028-02-29 2028-03-14",
        "M21": "2028-05-17 2028-05-31 2028-06-14",
        "M24": "2028-08-17 2028-08-31 2028-09-14",
        "M30": "2029-01-31 2029-02-28 2029-03-28",
        "M36": "2029-08-03 2029-08-31 2029-09-28",
        "M42": "2030-01-31 2030-02-28 2030-03-28",
        "M48": "2030-08-03 2030-08-31 2030-09-28",
        "M54": "2031-01-31 2031-02-28 2031-03-28",
        "M60": "2031-08-03 2031-08-31 2031-09-28",
    }


def test_the_visits_of_a_patient_randomised_on_29_february() -> None:
    due = {
        visit.code: visit.due_on
        for visit in plan_visits(KEEP, "interruption", {"randomisation": date(2028, 2, 29)})
    }
    assert due == {
        "M3": date(2028, 5, 29),
        "M6": date(2028, 8, 29),
        "M9": date(2028, 11, 29),
        "M12": date(2029, 2, 28),
        "M15": date(2029, 5, 29),
        "M18": date(2029, 8, 29),
        "M21": date(2029, 11, 29),
        "M24": date(2030, 2, 28),
        "M30": date(2030, 8, 29),
        "M36": date(2031, 2, 28),
        "M42": date(2031, 8, 29),
        "M48": date(2032, 2, 29),
        "M54": date(2032, 8, 29),
        "M60": date(2033, 2, 28),
    }


def test_the_visits_after_a_reintroduction_on_31_january() -> None:
    planned = plan_visits(KEEP, "interruption", {"reintroduction": date(2027, 1, 31)})
    assert dates(planned) == {
        "RI0": "2027-01-24 2027-01-31 2027-02-07",
        "RI1": "2027-02-21 2027-02-28 2027-03-07",
        "RI3": "2027-04-16 2027-04-30 2027-05-14",
        "RI6": "2027-07-17 2027-07-31 2027-08-14",
        "RI12": "2028-01-17 2028-01-31 2028-02-14",
        "RI18": "2028-07-17 2028-07-31 2028-08-14",
        "RI24": "2029-01-17 2029-01-31 2029-02-14",
        "RI30": "2029-07-17 2029-07-31 2029-08-14",
        "RI36": "2030-01-17 2030-01-31 2030-02-14",
        "RI42": "2030-07-17 2030-07-31 2030-08-14",
        "RI48": "2031-01-17 2031-01-31 2031-02-14",
        "RI54": "2031-07-17 2031-07-31 2031-08-14",
        "RI60": "2032-01-17 2032-01-31 2032-02-14",
    }


def test_a_window_across_the_spring_change_opens_and_closes_at_local_midnight() -> None:
    planned = plan_visits(KEEP, "continuation", {"randomisation": date(2025, 12, 20)})
    opens_at, closes_at = window(planned[0], PARIS)
    assert (planned[0].opens_on, planned[0].closes_on) == (date(2026, 3, 6), date(2026, 4, 3))
    assert opens_at == datetime(2026, 3, 5, 23, tzinfo=UTC)
    assert closes_at == datetime(2026, 4, 3, 22, tzinfo=UTC)


def test_the_series_are_spelt_out_with_names_in_both_languages() -> None:
    names = {visit.code: dict(visit.names) for visit in nominal_visits(KEEP)}
    assert list(names) == ["BASELINE", *QUARTERLY, *HALF_YEARLY, *AFTER_REINTRODUCTION]
    assert names["M30"] == {"fr": "Mois 30", "en": "Month 30"}
    assert names["RI12"] == {"fr": "Reprise, mois 12", "en": "Restart, month 12"}


# Properties of any plan

arms = st.sampled_from([None, "interruption", "continuation"])
studies = st.sampled_from([KEEP, CLOSE])
histories = st.dictionaries(st.sampled_from([kind.code for kind in KEEP.milestones]), days)


@given(studies, arms, histories, st.randoms(use_true_random=False))
def test_the_plan_is_determined_whatever_the_order_of_the_milestones(
    study: StudyDefinition, arm: str | None, history: Mapping[str, date], random: Random
) -> None:
    shuffled = list(history.items())
    random.shuffle(shuffled)
    assert plan_visits(study, arm, dict(shuffled)) == plan_visits(study, arm, history)


@given(studies, arms, histories)
def test_every_visit_has_a_milestone_a_window_around_its_date_and_its_place(
    study: StudyDefinition, arm: str | None, history: Mapping[str, date]
) -> None:
    planned = plan_visits(study, arm, history)
    assert all(visit.anchor in history for visit in planned)
    assert all(visit.opens_on <= visit.due_on <= visit.closes_on for visit in planned)
    assert [visit.due_on for visit in planned] == sorted(visit.due_on for visit in planned)
    assert len(set(codes(planned))) == len(planned)


@given(arms, histories)
def test_closing_only_leaves_out_visits_from_reintroduction_on(
    arm: str | None, history: Mapping[str, date]
) -> None:
    kept, closed = plan_visits(KEEP, arm, history), plan_visits(CLOSE, arm, history)
    left_out = [visit for visit in kept if visit not in closed]
    assert [visit for visit in kept if visit in closed] == list(closed)
    assert all(visit.anchor == "randomisation" for visit in left_out)
    assert all(visit.due_on >= history["reintroduction"] for visit in left_out)


@given(arms, histories)
def test_a_milestone_never_moves_visits_of_another(arm: str | None, history: Mapping[str, date]) -> None:
    together = plan_visits(KEEP, arm, history)
    apart = [visit for code, day in history.items() for visit in plan_visits(KEEP, arm, {code: day})]
    assert set(together) == set(apart)
