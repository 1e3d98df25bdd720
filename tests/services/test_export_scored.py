"""The scored table: a row for every form, whatever its state, with what a statistician needs to use it."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

import scoring
from app.clock import SteppedClock
from app.models import Patient, Response, Study
from app.services import studies
from app.services.counts import study_counts
from app.services.exports.scored import scored_table
from app.services.responses import Answer, AnswerState, save_answer
from app.services.visits import GRACE, VisitState
from tests import factories

ITEMS = [f"q{number:02}" for number in range(1, 31)]
SCALES = [*scoring.load_instrument("qlq-c30").scales_by_code, "SUMMARY"]
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def study(session: Session, clock: SteppedClock) -> Study:
    """The first study; its clock stands at a Monday morning in March."""
    clock.set(START)
    return factories.make_study(session, clock)


def export(session: Session, clock: SteppedClock, study: Study, **options: Any) -> pd.DataFrame:
    """The table, its rows found by patient and visit."""
    definition = studies.definition_in_force(session, study)
    table = scored_table(session, clock, definition, study, **options)
    found = table.set_index(["patient", "visit"], drop=False)
    assert found.index.is_unique
    return found


def row_of(session: Session, clock: SteppedClock, study: Study, code: str = "BASELINE") -> dict[str, Any]:
    """The row of the only patient's visit, with None for every kind of missing value."""
    row: Any = export(session, clock, study).loc[("04-001", code)]
    return {name: None if pd.isna(value) else value for name, value in row.items()}


def make_randomised(session: Session, clock: SteppedClock, study: Study, **facts: Any) -> Patient:
    """A patient who sent the initial form today and is randomised an hour later."""
    patient = factories.make_patient(session, clock, study)
    factories.submit(session, clock, factories.get_visit(session, patient))
    clock.advance(hours=1)
    return factories.randomise(session, clock, patient, remark=None, **facts)


def go_into(clock: SteppedClock, visit: Any, **after_opening: float) -> None:
    """Moves the clock into a visit's window."""
    clock.set(visit.opens_at + timedelta(**(after_opening or {"days": 1})))


@contextmanager
def counted_statements(session: Session) -> Iterator[list[str]]:
    """The statements that the session's connection runs meanwhile."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", note)


@pytest.mark.requirement("EXP-06")
def test_there_is_one_row_for_each_patient_and_visit_planned_ones_included(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    factories.make_patient(session, clock, study, "07-001")
    make_randomised(session, clock, study)
    table = export(session, clock, study)
    assert list(table["patient"]) == ["04-001"] * 15 + ["07-001"]
    months = [3, 6, 9, 12, 15, 18, 21, 24, 30, 36, 42, 48, 54, 60]
    assert list(table.loc["04-001"]["visit"]) == ["BASELINE", *(f"M{month}" for month in months)]
    assert list(table["due_on"]) == [*sorted(table.loc["04-001"]["due_on"]), pd.Timestamp("2026-03-02")]


@pytest.mark.requirement("EXP-06")
@pytest.mark.requirement("VIS-05")
def test_a_visit_to_come_is_a_row_marked_as_not_expected_yet(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    make_randomised(session, clock, study)
    row = row_of(session, clock, study, "M3")
    assert (row["state"], row["expected_flag"], row["analysis_visit"]) == ("not_yet_expected", 0, None)
    assert (row["due_on"], row["opens_on"], row["closes_on"]) == tuple(
        map(pd.Timestamp, ("2026-06-02", "2026-05-19", "2026-06-16"))
    )
    assert (row["anchor"], row["due_months"]) == ("randomisation", 92 / 30.4375)
    assert [row[name] for name in ("started_at", "submitted_at", "mode", "QL2", "q01")] == [None] * 5


@pytest.mark.requirement("VIS-05")
@pytest.mark.parametrize("state", VisitState)
def test_every_state_is_told_as_the_visit_service_tells_it(
    session: Session, clock: SteppedClock, study: Study, state: VisitState
) -> None:
    patient = make_randomised(session, clock, study)
    visit = factories.get_visit(session, patient, "M3")
    if state != VisitState.NOT_YET_EXPECTED:
        go_into(clock, visit)
    if state == VisitState.NOT_EXPECTED:
        factories.milestone(session, clock, patient, "stops-questionnaires")
    if state in {VisitState.IN_PROGRESS, VisitState.PARTIAL}:
        factories.answer(session, clock, visit, {"q01": 2})
    if state == VisitState.RECEIVED:
        factories.submit(session, clock, visit)
    if state in {VisitState.PARTIAL, VisitState.MISSING}:
        clock.set(visit.closes_at + GRACE)
    row = row_of(session, clock, study, "M3")
    assert row["state"] == state
    assert row["expected_flag"] == (state not in {VisitState.NOT_YET_EXPECTED, VisitState.NOT_EXPECTED})
    assert row["partial_flag"] == (state == VisitState.PARTIAL)
    is_final = state in {VisitState.RECEIVED, VisitState.PARTIAL, VisitState.MISSING}
    assert row["analysis_visit"] == ("M3" if is_final else None)
    assert (row["items_answered"] is None) == (state not in {VisitState.RECEIVED, VisitState.PARTIAL})


@pytest.mark.requirement("EXP-06")
def test_forms_expected_and_received_are_those_counted_on_the_front_page(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    visit = factories.get_visit(session, make_randomised(session, clock, study), "M6")
    factories.make_patient(session, clock, study, "07-001")
    for instant in (visit.opens_at - timedelta(seconds=1), visit.opens_at):
        clock.set(instant)
        table = export(session, clock, study)
        counts = study_counts(session, clock, [study.id])[study.id]
        assert counts.expected == table["expected_flag"].sum()
        assert counts.received == (table["state"] == "received").sum() == 1
    assert counts.expected == 4


@pytest.mark.requirement("EXP-06")
@pytest.mark.requirement("SCO-02")
def test_a_form_sent_shows_its_answers_and_the_scores_stored_with_it(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    patient = factories.make_patient(session, clock, study)
    given = {"q01": 2, "q02": 3, "q03": None, "q29": 6, "q30": None, "q10": None, "q12": None}
    response = factories.submit(session, clock, factories.get_visit(session, patient), given)
    row = row_of(session, clock, study)
    assert {item: row[item] for item in ITEMS} == dict.fromkeys(ITEMS, 1) | given
    assert row["PF2"] == (1 - (7 / 4 - 1) / 3) * 100 == pytest.approx(75.0, abs=1e-9)
    assert (row["QL2"], row["QL2_n"], row["FA"], row["FA_n"]) == (500 / 6, 1, None, 1)
    assert (row["SUMMARY"], row["SUMMARY_n"]) == (None, 24)
    assert {score.scale: (score.value, score.n_answered) for score in response.scores} == {
        scale: (row[scale], row[f"{scale}_n"]) for scale in SCALES
    }
    assert (row["scorer_version"], row["items_answered"]) == (scoring.__version__, 26)


@pytest.mark.requirement("INS-06")
@pytest.mark.requirement("INS-02")
def test_a_form_shows_where_it_comes_from(session: Session, clock: SteppedClock, study: Study) -> None:
    patient = factories.make_patient(session, clock, study, language="en")
    visit = factories.get_visit(session, patient)
    response = factories.begin_response(session, clock, visit, "en")
    save_answer(session, clock, response, visit, Answer("q01", AnswerState.ANSWERED, 1, "fr"))
    row = row_of(session, clock, study)
    names = ["study", "site", "patient_language", "languages", "mode", "instrument", "instrument_version"]
    assert [row[name] for name in names] == ["GIST-IMA", "04", "en", "en fr", "web", "qlq-c30", "3.0"]
    names = ["wording_status", "wording_sha256", "definition_version", "software_version"]
    assert [row[name] for name in names] == ["stand-in", "0" * 64, "1.0", response.software_version]


@pytest.mark.threat("D8")
def test_a_draft_that_can_still_be_sent_gives_away_no_answer_and_no_score(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    visit = factories.get_visit(session, factories.make_patient(session, clock, study))
    factories.answer(session, clock, visit, dict.fromkeys(ITEMS, 1))
    row = row_of(session, clock, study)
    assert (row["state"], row["started_at"]) == ("in_progress", pd.Timestamp(START))
    hidden = [*ITEMS, *SCALES, *(f"{scale}_n" for scale in SCALES), "items_answered", "scorer_version"]
    hidden += ["items_skipped", "items_erased", "items_not_reached", "completed_at", "completed_on"]
    assert {name: row[name] for name in hidden} == dict.fromkeys(hidden)
    flags = ["baseline_flag", "in_window_flag", "late_flag", "partial_flag"]
    assert [row[flag] for flag in flags] == [0, 0, 0, 0]


@pytest.mark.requirement("VIS-05")
@pytest.mark.requirement("SCO-02")
@pytest.mark.threat("D8")
def test_a_partial_form_is_scored_by_the_half_rule_and_flagged(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    visit = factories.get_visit(session, factories.make_patient(session, clock, study))
    given = {"q01": 1, "q02": 2, "q03": 3, "q04": None, "q06": 4, "q08": 2}
    factories.answer(session, clock, visit, given)
    clock.set(visit.closes_at + GRACE)
    row = row_of(session, clock, study)
    assert (row["partial_flag"], row["submitted_at"], row["completed_at"]) == (1, None, pd.Timestamp(START))
    expected = scoring.score_answers(scoring.load_instrument("qlq-c30"), given)
    assert {scale: row[scale] for scale in SCALES} == expected.values
    assert {scale: row[f"{scale}_n"] for scale in SCALES} == expected.answered
    assert (row["PF2"], row["RF2"], row["DY"], row["SUMMARY"]) == (200 / 3, 0.0, 100 / 3, None)
    assert (row["late_flag"], row["in_window_flag"], row["scorer_version"]) == (0, 0, scoring.__version__)


@pytest.mark.threat("D15")
@pytest.mark.parametrize("seed", range(5))
def test_answered_skipped_erased_and_not_reached_items_are_told_apart(
    session: Session, clock: SteppedClock, study: Study, seed: int
) -> None:
    chance = random.Random(seed)
    visit = factories.get_visit(session, factories.make_patient(session, clock, study))
    fates = {item: chance.choice(["answered", "skipped", "erased", "not_reached"]) for item in ITEMS}
    reached = {item: 1 for item, fate in fates.items() if fate != "not_reached"}
    response = factories.answer(session, clock, visit, reached)
    for item, fate in fates.items():
        if fate in {"skipped", "erased"}:
            save_answer(session, clock, response, visit, Answer(item, AnswerState(fate)))
    clock.set(visit.closes_at + GRACE)
    row = row_of(session, clock, study)
    found = {item: "answered" for item in ITEMS if row[item] is not None}
    for fate in ("skipped", "erased", "not_reached"):
        found |= dict.fromkeys((row[f"items_{fate}"] or "").split(), fate)
    assert found == fates
    assert row["items_answered"] == list(fates.values()).count("answered")


@pytest.mark.requirement("EXP-06")
@pytest.mark.requirement("EXP-04")
def test_without_the_arm_nothing_in_the_table_tells_it(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    patient = make_randomised(session, clock, study)
    clock.advance(days=20)
    day = clock.now().date()
    factories.milestone(session, clock, patient, "reintroduction", day)
    full, blind = (export(session, clock, study, with_arm=held) for held in (True, False))
    assert (full["arm"] == "interruption").all()
    assert (full["reintroduced_on"] == pd.Timestamp(day)).all()
    assert {"RI0", "RI1", "RI60"} <= set(full["visit"])
    tells = ["arm", "reintroduced_on", "served_by", "treatment_days", "treatment_state"]
    assert list(full.columns.difference(blind.columns)) == tells
    assert set(blind["visit"]) == {visit for visit in full["visit"] if not visit.startswith("RI")}
    text = blind.to_csv()
    assert not [word for word in ("interruption", "reintroduction", "RI0") if word in text]


@pytest.mark.requirement("EXP-04")
@pytest.mark.requirement("EXP-05")
def test_the_table_holds_no_row_ids_tokens_or_names(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    patient = make_randomised(session, clock, study)
    visit = factories.get_visit(session, patient, "M3")
    go_into(clock, visit)
    link = factories.make_link(session, clock, patient, "M3")
    response = factories.submit(session, clock, visit)
    table = export(session, clock, study)
    text = table.to_csv()
    site = factories.get_site(session, study)
    unwanted = [link.token, str(response.id), response.id.hex, site.name, site.phone, site.public_name]
    assert not [word for word in unwanted if word in text]
    assert not [name for name in table.columns if "id" in name.split("_")]


def test_another_study_s_forms_do_not_appear(session: Session, clock: SteppedClock, study: Study) -> None:
    factories.make_patient(session, clock, study)
    source = factories.source().replace('"GIST-IMA"', '"OTHER"')
    other = studies.load_study(session, clock, source, "other.toml").study
    patient = factories.make_patient(session, clock, other)
    factories.submit(session, clock, factories.get_visit(session, patient), {"q29": 7})
    assert row_of(session, clock, study)["state"] == "open"
    row = row_of(session, clock, other)
    assert (row["study"], row["state"], row["q29"]) == ("OTHER", "received", 7)


@pytest.mark.parametrize("other", [{"entry": "late-1"}, {"instrument": "another"}], ids=str)
def test_only_the_main_entry_of_the_questionnaire_is_shown(
    session: Session, clock: SteppedClock, study: Study, other: dict[str, str]
) -> None:
    visit = factories.get_visit(session, factories.make_patient(session, clock, study))
    response = factories.submit(session, clock, visit, {"q01": 2})
    columns = {each.key for each in Response.__mapper__.column_attrs} - {"id", "revision"}
    facts = {name: getattr(response, name) for name in columns}
    session.add(Response(**facts | other | {"answers": {"q01": {"state": "answered", "value": 4}}}))
    session.flush()
    assert row_of(session, clock, study)["q01"] == 2


def test_a_study_without_patients_gives_an_empty_table_of_the_same_types(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    empty = export(session, clock, study)
    make_randomised(session, clock, study)
    full = export(session, clock, study)
    assert (len(empty), list(empty.dtypes.items())) == (0, list(full.dtypes.items()))


def test_missing_values_are_missing_in_nullable_types(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    make_randomised(session, clock, study)
    types = export(session, clock, study).dtypes.astype(str)
    by_name = {name: str(types[name]) for name in ("arm", "due_on", "submitted_at", "q01", "QL2", "QL2_n")}
    assert by_name == {
        "arm": "string",
        "due_on": "datetime64[s]",
        "submitted_at": "datetime64[us, UTC]",
        "q01": "Int64",
        "QL2": "Float64",
        "QL2_n": "Int64",
    }


@pytest.mark.requirement("EXP-03")
@pytest.mark.threat("C14")
def test_no_text_of_the_table_could_be_run_by_a_spreadsheet(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    patient = make_randomised(session, clock, study)
    visit = factories.get_visit(session, patient, "M3")
    go_into(clock, visit)
    factories.answer(session, clock, visit, {"q01": 1, "q02": None})
    clock.set(visit.closes_at + GRACE)
    texts: Any = export(session, clock, study).select_dtypes("string").melt()["value"].dropna()
    assert len(texts) > 100
    assert not texts.str.match(r"[=+\-@\t\r\n\0]").any()


@pytest.mark.parametrize("patients_made", [1, 12])
def test_the_number_of_statements_does_not_grow_with_the_patients(
    session: Session, clock: SteppedClock, study: Study, patients_made: int
) -> None:
    for number in range(1, patients_made + 1):
        patient = factories.make_patient(session, clock, study, f"04-{number:03}")
        factories.submit(session, clock, factories.get_visit(session, patient))
    definition = studies.definition_in_force(session, study)
    session.flush()
    with counted_statements(session) as statements:
        table = scored_table(session, clock, definition, study)
    assert list(table["items_answered"]) == [30] * patients_made
    assert len(statements) == 1
