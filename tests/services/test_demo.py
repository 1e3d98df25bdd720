"""The demonstration study: what is in it, whatever the day, and that links never run out."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

import scoring
from app import create_app
from app.clock import SteppedClock
from app.db import db
from app.models import SUBMITTED, AuditEntry, Link, Milestone, Patient, Response, Site, Study, User, Visit
from app.services import audit, demo, links, responses
from app.services.access import Role
from app.services.definition import parse_definition
from app.services.demo.answers import Health
from app.services.demo.links import FILL_TO, FLOOR, is_short, open_links, top_up
from app.services.demo.plan import PLANS, Outcome, Plan
from app.services.demo.staff import staff_accounts
from app.services.errors import RuleError
from app.services.questionnaires import questionnaire
from app.services.responses import WordingUsed
from app.services.schedule import plan_visits
from app.services.studies import definition_in_force
from app.services.tokens import DemonstrationTokens
from app.services.treatment import Treatment, exposures_of, treatment_state
from app.services.visits import VisitState, visit_state
from tests import factories
from tests.conftest import NOW, migrated_database, test_settings

TOKENS = DemonstrationTokens("k" * 40)
DEFINITION = factories.definition()
QLQ_C30 = questionnaire(DEFINITION, "qlq-c30")
WORDING = dict.fromkeys(("qlq-c30", "symptoms"), WordingUsed("stand-in", "0" * 64))
LANGUAGES = ("fr", "en")


@pytest.fixture(scope="module")
def told(database_kind: str) -> list[str]:
    """What loading said while it worked."""
    return []


@pytest.fixture(scope="module")
def loaded(
    database_kind: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str, told: list[str]
) -> Iterator[Session]:
    """A session on a database with the demonstration in it, made at NOW; only read by its tests."""
    url = migrated_database(database_kind, tmp_path_factory.mktemp("demonstration"), worker_id)
    app = create_app(test_settings(url), SteppedClock(NOW))
    with app.app_context(), db.new_session() as session:
        demo.load_demonstration(session, SteppedClock(NOW), TOKENS, "hash of {}".format, WORDING, told.append)
        session.commit()
        yield session
        session.close()
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def demonstration(loaded: Session) -> Iterator[Session]:
    """A session on the demonstration whose changes are taken back."""
    yield loaded
    loaded.rollback()
    loaded.expunge_all()


@pytest.fixture
def demo_clock() -> SteppedClock:
    """The clock of a test, at the instant for which the demonstration was made."""
    return SteppedClock(NOW)


@pytest.fixture
def demo_study(demonstration: Session) -> Study:
    """The demonstration study."""
    study = demo.find_demonstration(demonstration)
    assert study is not None
    return study


def per_language(session: Session, clock: SteppedClock, study: Study) -> Counter[str]:
    return Counter(each.language for each in open_links(session, clock, TOKENS, study))


def send_all(session: Session, clock: SteppedClock, study: Study) -> None:
    """Every patient with an open link fills it in and sends it."""
    for each in open_links(session, clock, TOKENS, study):
        found = links.find_link(session, clock, each.token)
        assert found is not None
        for draft in responses.begin_responses(session, clock, found.visit, WORDING, each.language):
            for answer in Health(1).answers(questionnaire(DEFINITION, draft.instrument), each.language):
                responses.save_answer(session, clock, draft, found.visit, answer)
        responses.submit_responses(session, clock, found.visit)


def test_every_state_of_a_visit_is_shown(
    demonstration: Session, demo_clock: SteppedClock, demo_study: Study
) -> None:
    assert set(demo.visit_counts(demonstration, demo_clock, demo_study)) == {
        each.value for each in VisitState
    }


def test_visits_are_open_with_and_without_a_link(demonstration: Session) -> None:
    rows = demonstration.execute(
        select(Visit, Response, Link.id)
        .outerjoin(Response, Response.visit_id == Visit.id)
        .outerjoin(Link, Link.visit_id == Visit.id)
    )
    linked = [link is not None for visit, response, link in rows if is_open(visit, response)]
    assert {True, False} == set(linked)


def is_open(visit: Visit, response: Response | None) -> bool:
    return visit_state(visit, response, NOW) is VisitState.OPEN


def test_some_patients_are_registered_only_and_some_were_never_randomised(demonstration: Session) -> None:
    waiting = demonstration.scalars(select(Patient).where(Patient.arm.is_(None))).all()
    ages = [(NOW - each.registered_at).days for each in waiting]
    assert any(age < 28 for age in ages)
    assert any(age > 28 for age in ages)


def test_patients_are_in_both_arms_both_languages_and_several_sites(demonstration: Session) -> None:
    rows = demonstration.execute(select(Patient.arm, Patient.language, Site.number).join(Patient.site)).all()
    assert {row.arm for row in rows} == {None, "interruption", "continuation"}
    assert {row.language for row in rows} == set(LANGUAGES)
    assert len({row.number for row in rows}) >= 4
    assert 30 <= len(rows) <= 40


def test_a_patient_was_reintroduced_after_a_progression(demonstration: Session) -> None:
    rows = demonstration.execute(select(Milestone.patient_id, Milestone.kind, Milestone.occurred_on))
    days: dict[int, dict[str, date]] = {}
    for patient_id, kind, day in rows:
        days.setdefault(patient_id, {})[kind] = day
    restarted = [each for each in days.values() if "reintroduction" in each]
    assert restarted
    assert all(each["randomisation"] < each["progression"] < each["reintroduction"] for each in restarted)


@pytest.mark.requirement("VIS-04")
def test_every_patient_is_treated_as_the_arm_asks(demonstration: Session) -> None:
    found: dict[tuple[str | None, bool], set[Treatment]] = {}
    for patient in demonstration.scalars(select(Patient).options(selectinload(Patient.milestones))):
        again = any(each.kind == "reintroduction" for each in patient.milestones)
        episodes = exposures_of(demonstration, patient.study_id, patient.id)
        found.setdefault((patient.arm, again), set()).add(treatment_state(episodes, NOW.date()).code)
    assert found == {
        (None, False): {Treatment.ON_IMATINIB},
        ("continuation", False): {Treatment.ON_IMATINIB},
        ("interruption", False): {Treatment.INTERRUPTED_PER_PROTOCOL},
        ("interruption", True): {Treatment.REINTRODUCED},
    }
    states = demonstration.scalars(select(Response.treatment_state).where(Response.status == SUBMITTED))
    assert None not in set(states)


def test_a_patient_was_randomised_with_a_remark_in_place_of_the_initial_questionnaire(
    demonstration: Session,
) -> None:
    remarked = demonstration.scalars(select(Milestone).where(Milestone.remark.is_not(None))).all()
    assert [each.kind for each in remarked] == ["randomisation"]
    sent = (
        select(Response.id)
        .join(Response.visit)
        .where(
            Visit.code == "BASELINE",
            Response.patient_id == remarked[0].patient_id,
            Response.status == "submitted",
        )
    )
    assert demonstration.scalars(sent).all() == []


@pytest.mark.requirement("AUD-01")
def test_the_histories_leave_a_whole_audit_trail_in_the_order_of_time(demonstration: Session) -> None:
    assert audit.verify(demonstration) == []
    rows = demonstration.execute(
        select(AuditEntry.chain, AuditEntry.at).order_by(AuditEntry.chain, AuditEntry.sequence)
    )
    by_chain: dict[str, list[datetime]] = {}
    for chain, at in rows:
        by_chain.setdefault(chain, []).append(at)
    assert all(instants == sorted(instants) for instants in by_chain.values())
    assert max(instant for instants in by_chain.values() for instant in instants) <= NOW


@pytest.mark.requirement("AUD-01")
def test_patients_answer_in_their_own_name(demonstration: Session) -> None:
    query = select(AuditEntry.actor).where(AuditEntry.entity == "response").distinct()
    codes = {f"patient {code}" for code in demonstration.scalars(select(Patient.code))}
    assert set(demonstration.scalars(query)) <= codes


def test_stored_scores_are_those_of_the_answers(demonstration: Session) -> None:
    checked, differences = responses.verify_scores(demonstration)
    assert checked > 40
    assert differences == []


def test_there_are_ten_open_links_in_each_language_and_a_tap_opens_each(
    demonstration: Session, demo_clock: SteppedClock, demo_study: Study
) -> None:
    found = open_links(demonstration, demo_clock, TOKENS, demo_study)
    assert all(Counter(each.language for each in found)[language] >= FLOOR for language in LANGUAGES)
    for each in found:
        link = links.find_link(demonstration, demo_clock, each.token)
        assert link is not None
        assert (link.state, link.patient.code) == (links.LinkState.OPEN, each.code)


def test_drafts_in_progress_are_among_the_open_links(
    demonstration: Session, demo_clock: SteppedClock, demo_study: Study
) -> None:
    listed = {(each.code, each.visit) for each in open_links(demonstration, demo_clock, TOKENS, demo_study)}
    query = (
        select(Patient.code, Visit.code, Visit, Response)
        .join(Visit.patient)
        .join(Response, Response.visit_id == Visit.id)
    )
    drafts = {
        (code, visit_code)
        for code, visit_code, visit, response in demonstration.execute(query)
        if visit_state(visit, response, NOW) is VisitState.IN_PROGRESS
    }
    assert drafts
    assert drafts <= listed


def test_loading_twice_changes_nothing(demonstration: Session, demo_clock: SteppedClock) -> None:
    before = demonstration.scalar(select(func.count(AuditEntry.id)))
    demo.load_demonstration(demonstration, demo_clock, TOKENS, str, WORDING, pytest.fail)
    assert demonstration.scalar(select(func.count(AuditEntry.id))) == before


def test_progress_is_told_in_a_few_lines(demonstration: Session, told: list[str]) -> None:
    assert 3 <= len(told) <= 20
    assert any("2026-11" in line for line in told)


@pytest.mark.parametrize("later", [timedelta(days=31), timedelta(days=400)])
def test_links_are_topped_up_after_windows_have_closed(
    demonstration: Session, demo_clock: SteppedClock, demo_study: Study, later: timedelta
) -> None:
    demo_clock.advance(seconds=later.total_seconds())
    definition = definition_in_force(demonstration, demo_study)
    assert is_short(definition, open_links(demonstration, demo_clock, TOKENS, demo_study))
    added = top_up(demonstration, demo_clock, TOKENS, demo_study)
    assert added > 0
    assert per_language(demonstration, demo_clock, demo_study) == {"fr": FILL_TO, "en": FILL_TO}


def test_links_are_topped_up_after_all_were_used(
    demonstration: Session, demo_clock: SteppedClock, demo_study: Study
) -> None:
    audit.act_as(demonstration, demo_clock, audit.AuditContext("test", "test"))
    send_all(demonstration, demo_clock, demo_study)
    assert open_links(demonstration, demo_clock, TOKENS, demo_study) == []
    assert top_up(demonstration, demo_clock, TOKENS, demo_study) == len(LANGUAGES) * FILL_TO
    assert per_language(demonstration, demo_clock, demo_study) == {"fr": FILL_TO, "en": FILL_TO}


def test_a_top_up_kills_no_link_and_registers_only_at_recruiting_sites(
    demonstration: Session, demo_clock: SteppedClock, demo_study: Study
) -> None:
    before = {row.id: row.revoked_at for row in demonstration.execute(select(Link.id, Link.revoked_at))}
    known = set(demonstration.scalars(select(Patient.id)))
    demo_clock.advance(days=31)
    top_up(demonstration, demo_clock, TOKENS, demo_study)
    after = {row.id: row.revoked_at for row in demonstration.execute(select(Link.id, Link.revoked_at))}
    assert {key: after[key] for key in before} == before
    sites = select(Site.recruiting).join(Patient, Patient.site_id == Site.id).where(Patient.id.not_in(known))
    assert set(demonstration.scalars(sites)) == {True}


def test_a_top_up_with_enough_links_does_nothing(
    demonstration: Session, demo_clock: SteppedClock, demo_study: Study
) -> None:
    assert top_up(demonstration, demo_clock, TOKENS, demo_study) == 0


def test_links_of_another_secret_key_are_replaced_by_printable_ones_and_live_on(
    demonstration: Session, demo_clock: SteppedClock, demo_study: Study
) -> None:
    old = open_links(demonstration, demo_clock, TOKENS, demo_study)
    new_key = DemonstrationTokens("n" * 40)
    assert open_links(demonstration, demo_clock, new_key, demo_study) == []
    assert top_up(demonstration, demo_clock, new_key, demo_study) == len(LANGUAGES) * FILL_TO
    assert open_links(demonstration, demo_clock, TOKENS, demo_study) == old


def test_a_study_with_real_patients_is_no_demonstration(demonstration: Session, demo_study: Study) -> None:
    demo_study.mode = "production"
    with pytest.raises(RuleError, match="not a demonstration"):
        demo.find_demonstration(demonstration)


def test_accounts_hold_the_hash_of_the_printed_password(demonstration: Session) -> None:
    stored = {user.email: user.password for user in demonstration.scalars(select(User))}
    assert stored == {each.email: f"hash of {each.password}" for each in staff_accounts(TOKENS)}


def test_accounts_cover_every_role_with_passwords_from_the_secret_key() -> None:
    accounts, others = staff_accounts(TOKENS), staff_accounts(DemonstrationTokens("n" * 40))
    assert {each.role for each in accounts} == {role.value for role in Role}
    assert "nurse.04@demo.example" in {each.email for each in accounts}
    assert accounts == staff_accounts(DemonstrationTokens("k" * 40))
    passwords = {each.password for each in [*accounts, *others]}
    assert len(passwords) == 2 * len(accounts)
    assert all(len(password) >= 15 for password in passwords)


def test_answers_are_the_same_at_every_run_and_other_for_other_patients() -> None:
    first, again, other = (list(Health(seed).answers(QLQ_C30, "fr")) for seed in (7, 7, 8))
    assert first == again
    assert first != other


@given(st.integers(0, 2**32))
def test_answers_are_codes_of_the_items(seed: int) -> None:
    codes = {item.id: {*item.codes, None} for item in scoring.load_instrument("qlq-c30").items}
    answers = list(Health(seed).answers(QLQ_C30, "en"))
    assert [answer.item for answer in answers] == list(codes)
    assert all(answer.value in codes[answer.item] for answer in answers)


def test_some_answers_are_skipped_and_patients_differ_in_health() -> None:
    answers = [answer for seed in range(40) for answer in Health(seed).answers(QLQ_C30, "fr")]
    assert 0 < sum(answer.value is None for answer in answers) < len(answers) / 10
    assert len({answer.value for answer in answers if answer.item == "q29"} - {None}) >= 5


def planned_visit(plan: Plan, today: date) -> tuple[date, date]:
    """The window of the visit that a plan stands at."""
    definition = parse_definition(Path(demo.FILE).read_text("utf-8"), "gist-ima.toml")
    milestones = {"consent": plan.consent_on(today)}
    if plan.arm:
        milestones["randomisation"] = plan.randomised_on(today)
        milestones |= {kind: day for day, kind in plan.later_milestones(today)}
    visits = {each.code: each for each in plan_visits(definition, plan.arm, milestones)}
    return visits[plan.visit].opens_on, visits[plan.visit].closes_on


@given(st.dates(date(2026, 11, 22), date(2060, 12, 31)), st.sampled_from(PLANS))
def test_whatever_the_day_a_plan_stands_in_the_window_that_it_names(today: date, plan: Plan) -> None:
    opens_on, closes_on = planned_visit(plan, today)
    is_recent = abs(plan.due_in) <= 10
    assert (opens_on < today <= closes_on) == is_recent


@given(st.dates(date(2026, 11, 22), date(2060, 12, 31)), st.sampled_from(PLANS))
def test_whatever_the_day_the_milestones_follow_one_another(today: date, plan: Plan) -> None:
    days = [plan.consent_on(today)]
    if plan.arm:
        days += [plan.randomised_on(today), *(day for day, _ in plan.later_milestones(today))]
    assert days == sorted(days)
    assert days[0] >= date(2026, 1, 5)
    assert days[-1] < today


def test_the_table_alone_gives_ten_open_links_in_each_language() -> None:
    tappable = {Outcome.UNOPENED, Outcome.BEGUN}
    found = Counter(plan.language for plan in PLANS if plan.outcome in tappable and abs(plan.due_in) <= 10)
    assert all(found[language] >= FLOOR for language in LANGUAGES)
