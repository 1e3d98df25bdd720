"""Studies: loaded once, amended by a new version that says what it changes and moves no past."""

import hashlib
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, DefinitionVersion, Patient, Site, Study, Visit
from app.services.definition import DefinitionError
from app.services.errors import NotFoundError, RuleError
from app.services.projection import Projection
from app.services.studies import LoadedStudy, definition_in_force, find_site, find_study, load_study
from app.services.visits import visits_of
from tests import factories as make
from tests.conftest import NOW

pytestmark = pytest.mark.requirement("VIS-01")
SOURCE = make.source()


def edited(*changes: tuple[str, str], version: str = "1.1") -> str:
    """The shipped definition as an amendment, with these changes."""
    source = SOURCE
    for old, new in (('version = "1.0"', f'version = "{version}"'), *changes):
        assert old in source, old
        source = source.replace(old, new, 1)
    return source


def amend(
    session: Session, clock: SteppedClock, *changes: tuple[str, str], version: str = "1.1"
) -> LoadedStudy:
    return load_study(session, clock, edited(*changes, version=version), "amendment.toml")


def count(session: Session, model: type[Study | Site | DefinitionVersion | AuditEntry]) -> int:
    return session.scalar(select(func.count(model.id))) or 0


@pytest.fixture
def randomised(session: Session, clock: SteppedClock, patient: Patient) -> Patient:
    return make.randomise(session, clock, patient)


# Loading


def test_a_new_study_is_stored_with_its_sites_and_its_file(session: Session, clock: SteppedClock) -> None:
    loaded = load_study(session, clock, SOURCE, "gist-ima.toml")
    assert loaded.is_new
    assert (loaded.changes, loaded.visits) == ((), Projection())
    study = find_study(session, "GIST-IMA")
    assert study is loaded.study
    assert (study.mode, study.definition_version) == ("demonstration", "1.0")
    version = session.scalars(select(DefinitionVersion)).one()
    assert (version.source, version.loaded_at) == (SOURCE, NOW)
    assert version.sha256 == study.definition_sha256 == hashlib.sha256(SOURCE.encode()).hexdigest()
    assert count(session, Site) == 10
    site = find_site(session, study, "08")
    assert (site.name, site.city, site.recruiting) == ("Centre Eugène Marquis", "Rennes", False)
    assert (site.timezone, site.phone) == ("Europe/Paris", "02 61 91 26 08")


def test_loading_the_same_file_again_changes_nothing(session: Session, clock: SteppedClock) -> None:
    study = make.make_study(session, clock)
    before = count(session, AuditEntry)
    again = load_study(session, clock, SOURCE, "elsewhere.toml")
    assert (again.study, again.is_new, again.changes, again.visits) == (study, False, (), Projection())
    assert count(session, AuditEntry) == before


def test_the_same_version_with_other_content_is_refused(session: Session, clock: SteppedClock) -> None:
    make.make_study(session, clock)
    before = count(session, AuditEntry)
    with pytest.raises(RuleError) as refused:
        load_study(session, clock, SOURCE + "\n# one comment more\n", "gist-ima.toml")
    assert (refused.value.field, refused.value.rule) == ("version", "version_used")
    assert refused.value.facts == {"version": "1.0", "study": "GIST-IMA"}
    assert count(session, AuditEntry) == before


def test_a_former_version_does_not_come_back(session: Session, clock: SteppedClock) -> None:
    study = make.make_study(session, clock)
    amend(session, clock)
    with pytest.raises(RuleError, match="version used"):
        load_study(session, clock, SOURCE, "gist-ima.toml")
    assert study.definition_version == "1.1"


def test_a_wrong_file_changes_nothing(session: Session, clock: SteppedClock, study: Study) -> None:
    before = count(session, AuditEntry)
    with pytest.raises(DefinitionError, match=r"gist-ima\.toml"):
        load_study(session, clock, edited(("days_after = 28", 'days_after = "four weeks"')), "gist-ima.toml")
    with pytest.raises(DefinitionError):
        load_study(session, clock, "not a definition", "gist-ima.toml")
    assert count(session, AuditEntry) == before
    assert definition_in_force(session, study).version == "1.0"


def test_what_is_not_there_is_named(session: Session, study: Study) -> None:
    with pytest.raises(NotFoundError, match="no study 'NONE'"):
        find_study(session, "NONE")
    with pytest.raises(NotFoundError, match="no site '99'"):
        find_site(session, study, "99")


def test_the_definition_in_force_is_the_one_last_loaded(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    assert definition_in_force(session, study) is definition_in_force(session, study)
    amend(session, clock, ('public_name.fr = "Étude de suivi 0426"', 'public_name.fr = "Étude 0427"'))
    definition = definition_in_force(session, study)
    assert (definition.version, definition.public_name["fr"]) == ("1.1", "Étude 0427")


# Amending


def test_an_amendment_names_each_value_that_it_changes(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    loaded = amend(
        session,
        clock,
        ('phone = "02 61 91 26 08"', 'phone = "02 61 91 26 99"'),
        (
            'names = { fr = "Poursuite", en = "Continuation" }',
            'names = { fr = "Suite", en = "Continuation" }',
        ),
        ("months = [3, 6, 9, 12, 15, 18, 21, 24]", "months = [3, 6, 9, 12, 15, 18, 24]"),
        ('on_reintroduction = "keep"', 'on_reintroduction = "close"'),
    )
    assert not loaded.is_new
    assert sorted(loaded.changes) == [
        "arms continuation.names.fr: Poursuite -> Suite",
        "schedule.on_reintroduction: keep -> close",
        "sites 08.phone: 02 61 91 26 08 -> 02 61 91 26 99",
        "study.version: 1.0 -> 1.1",
        "visits M{month}.months: (3, 6, 9, 12, 15, 18, 21, 24) -> (3, 6, 9, 12, 15, 18, 24)",
    ]
    assert (study.definition_version, count(session, DefinitionVersion)) == ("1.1", 2)


def test_adding_a_site_is_a_table_more(session: Session, clock: SteppedClock, study: Study) -> None:
    site = """[[sites]]
number = "11"
name = "CHU de La Réunion"
city = "Saint-Denis"
public_name = "CHU de La Réunion"
phone = "02 61 91 26 11"
recruiting = true
timezone = "Indian/Reunion"
calendar = "reunion"


# Milestones: the dated"""
    loaded = amend(session, clock, ("# Milestones: the dated", site))
    assert "sites 11.timezone: none -> Indian/Reunion" in loaded.changes
    site = find_site(session, study, "11")
    assert (site.timezone, site.calendar) == ("Indian/Reunion", "reunion")
    assert find_site(session, study, "04").calendar == "metropole"
    assert count(session, Site) == 11


def test_a_table_more_in_the_middle_changes_none_that_follows(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    start = SOURCE.index('[[sites]]\nnumber = "03"')
    third = SOURCE[start : SOURCE.index('[[sites]]\nnumber = "04"')]
    loaded = amend(session, clock, (third, third.replace('"03"', '"31"') + third))
    assert {each.split(".")[0] for each in loaded.changes} == {"study", "sites 31"}


def test_a_site_keeps_its_row_when_its_facts_change(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    before = find_site(session, study, "04").id
    amend(session, clock, ('phone = "04 65 71 26 04"', 'phone = "04 65 71 26 44"'))
    site = find_site(session, study, "04")
    assert (site.id, site.phone) == (before, "04 65 71 26 44")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "change")).all()
    assert {"phone": ["04 65 71 26 04", "04 65 71 26 44"]} in [each.changes for each in entry]


RENAMED_ARM = (
    ('code = "interruption"', 'code = "stop"'),
    *[('arms = ["interruption"]', 'arms = ["stop"]')] * 3,
)


@pytest.mark.parametrize(
    ("changes", "field", "missing"),
    [
        (RENAMED_ARM, "arms", "interruption"),
        ((('number = "08"', 'number = "18"'),), "sites", "08"),
        ((('code = "progression"', 'code = "relapse"'),), "milestones", "progression"),
    ],
)
def test_an_amendment_without_what_patients_have_is_refused(
    session: Session,
    clock: SteppedClock,
    study: Study,
    randomised: Patient,
    changes: tuple[tuple[str, str], ...],
    field: str,
    missing: str,
) -> None:
    make.milestone(session, clock, randomised, "progression")
    with pytest.raises(RuleError, match="still used") as refused:
        amend(session, clock, *changes)
    assert (refused.value.field, refused.value.facts) == (field, {"missing": missing})
    assert study.definition_version == "1.0"


def test_an_arm_and_a_milestone_that_nobody_has_can_be_renamed(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    amend(session, clock, *RENAMED_ARM, ('code = "progression"', 'code = "relapse"'))
    assert definition_in_force(session, study).arm("stop").names["fr"] == "Interruption"


def test_visits_that_an_amendment_adds_moves_and_removes_are_told(
    session: Session, clock: SteppedClock, randomised: Patient
) -> None:
    loaded = amend(
        session,
        clock,
        (
            "months = [3, 6, 9, 12, 15, 18, 21, 24]\ndays_before = 14",
            "months = [3, 6, 12, 18, 24, 27]\ndays_before = 7",
        ),
    )
    assert loaded.visits == Projection(
        added=("04-001 M27",),
        moved=("04-001 M3", "04-001 M6", "04-001 M12", "04-001 M18", "04-001 M24"),
        removed=("04-001 M9", "04-001 M15", "04-001 M21"),
    )
    m3 = make.get_visit(session, randomised, "M3")
    assert (m3.due_on, m3.opens_on, m3.definition_version) == (date(2027, 2, 23), date(2027, 2, 16), "1.1")
    assert make.get_visit(session, randomised, "M30").definition_version == "1.0"


@pytest.mark.requirement("VIS-03")
def test_an_amendment_moves_future_untouched_visits_alone(
    session: Session, clock: SteppedClock, randomised: Patient
) -> None:
    make.make_link(session, clock, randomised, "M9")
    clock.set(make.get_visit(session, randomised, "M6").opens_at + timedelta(days=1))
    make.submit(session, clock, make.get_visit(session, randomised, "M6"))
    kept = {code: make.get_visit(session, randomised, code).opens_on for code in ("M3", "M6", "M9")}
    # 7 days before instead of 14, and without month 9.
    loaded = amend(
        session,
        clock,
        (
            "months = [3, 6, 9, 12, 15, 18, 21, 24]\ndays_before = 14",
            "months = [3, 6, 12, 15, 18, 21, 24]\ndays_before = 7",
        ),
    )
    assert loaded.visits.moved == tuple(f"04-001 M{month}" for month in (12, 15, 18, 21, 24))
    assert loaded.visits.removed == ()
    for code, opens_on in kept.items():
        visit = make.get_visit(session, randomised, code)
        assert (visit.opens_on, visit.definition_version) == (opens_on, "1.0")


def test_an_amendment_reaches_every_patient_of_its_study_and_of_no_other(
    session: Session, clock: SteppedClock, study: Study, randomised: Patient
) -> None:
    second = make.randomise(session, clock, make.make_patient(session, clock, study, "03-001"))
    other_source = SOURCE.replace('code = "GIST-IMA"', 'code = "OTHER"')
    other = load_study(session, clock, other_source, "other.toml").study
    stranger = make.randomise(session, clock, make.make_patient(session, clock, other))
    before = [(each.code, each.opens_on) for each in visits_of(session, stranger)]
    loaded = amend(session, clock, ("months = [30, 36, 42, 48, 54, 60]", "months = [30, 36, 42, 48, 54]"))
    assert loaded.visits.removed == ("04-001 M60", "03-001 M60")
    assert [(each.code, each.opens_on) for each in visits_of(session, stranger)] == before
    codes = set(session.scalars(select(Visit.code).where(Visit.patient_id == second.id)))
    assert "M60" not in codes


def test_an_amendment_of_words_alone_moves_nothing(
    session: Session, clock: SteppedClock, randomised: Patient
) -> None:
    loaded = amend(session, clock, ('fr = "Mois {month}"', 'fr = "Mois n° {month}"'))
    assert loaded.visits == Projection()
    assert len(loaded.changes) == 2
