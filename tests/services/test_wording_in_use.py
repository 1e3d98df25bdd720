"""Which wording a patient reads, that its seal is looked at each time, and what a link needs."""

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.i18n import wording_sha256
from app.models import Patient, Study
from app.services import studies
from app.services.errors import RuleError
from app.services.wording import (
    NoWordingError,
    SealBrokenError,
    broken_seals,
    is_approved_for,
    wording_in_use,
    wording_used,
    wordings_in_use,
)
from app.services.wording.stand_in import stand_in_texts
from tests import factories, wording
from tests.services.test_wording_packs import tamper

LATEST_CHANGED = (
    'UPDATE wording_pack SET texts = \'[["q01", "Otherwise"]]\' WHERE id = (SELECT max(id) FROM wording_pack)'
)
CHANGE = 'UPDATE wording_pack SET texts = \'[["q01", "Otherwise"]]\''


@pytest.fixture
def production(session: Session, study: Study) -> Study:
    """The study with real patients."""
    study.mode = "production"
    session.flush()
    return study


def test_a_demonstration_reads_the_stand_in(session: Session, study: Study) -> None:
    found = wording_in_use(session, study, "qlq-c30", "fr")
    assert (found.status, found.is_stand_in, found.sha256) == ("stand-in", True, wording_sha256("qlq-c30"))
    assert found["q01"] == stand_in_texts("qlq-c30", "fr")["q01"]
    assert (found.instrument, found.language) == ("qlq-c30", "fr")


def test_a_text_that_is_not_there_is_never_replaced(session: Session, study: Study) -> None:
    found = wording_in_use(session, study, "qlq-c30", "fr")
    assert found.get("seven-point.3") == ""
    with pytest.raises(NoWordingError, match="q31") as missing:
        found["q31"]
    assert missing.value.text_id == "q31"


@pytest.mark.requirement("INS-03")
def test_approved_wording_goes_first_in_its_language_alone(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    wording.make_draft(session, clock, study)
    assert wording_in_use(session, study, "qlq-c30", "fr").is_stand_in
    pack = wording.make_approved(session, clock, study)
    found = wording_in_use(session, study, "qlq-c30", "fr")
    assert (found.status, found.is_stand_in, found.sha256) == ("approved", False, pack.sha256)
    assert {key: found[key] for key, _ in pack.texts} == dict(pack.texts)
    assert found.get("seven-point.3") == ""
    assert wording_in_use(session, study, "qlq-c30", "en").is_stand_in


def test_wording_of_one_study_is_not_that_of_another(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    other = factories.source().replace('"GIST-IMA"', '"OTHER"')
    wording.make_approved(session, clock, studies.load_study(session, clock, other, "other.toml").study)
    assert wording_in_use(session, study, "qlq-c30", "fr").is_stand_in


@pytest.mark.requirement("INS-05")
def test_a_study_in_production_reads_approved_wording_or_none(
    session: Session, clock: SteppedClock, production: Study
) -> None:
    with pytest.raises(NoWordingError):
        wording_in_use(session, production, "qlq-c30", "fr")
    wording.make_approved(session, clock, production)
    assert wording_in_use(session, production, "qlq-c30", "fr").status == "approved"
    with pytest.raises(NoWordingError):
        wording_in_use(session, production, "qlq-c30", "en")


def test_a_questionnaire_without_any_wording_is_not_shown(session: Session, study: Study) -> None:
    with pytest.raises(NoWordingError):
        wording_in_use(session, study, "qlq-br23", "fr")


@pytest.mark.requirement("INS-04")
@pytest.mark.threat("E2")
def test_a_change_in_the_database_is_noticed_at_the_next_reading(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    wording.make_approved(session, clock, study, q01="First")
    wording.make_approved(session, clock, study)
    assert wording_in_use(session, study, "qlq-c30", "fr").status == "approved"
    assert broken_seals(session, [study.id]) == []
    tamper(session, LATEST_CHANGED)
    with pytest.raises(SealBrokenError) as broken:
        wording_in_use(session, study, "qlq-c30", "fr")
    assert (broken.value.questionnaire, broken.value.language) == ("qlq-c30", "fr")
    (told,) = broken_seals(session, [study.id])
    assert (told.study, told.questionnaire, told.language) == ("GIST-IMA", "qlq-c30", "fr")
    assert broken_seals(session, []) == broken_seals(session, [study.id + 1]) == []
    # The other language goes on; what is approved anew mends this one.
    assert wording_in_use(session, study, "qlq-c30", "en").is_stand_in
    wording.make_approved(session, clock, study)
    assert wording_in_use(session, study, "qlq-c30", "fr").status == "approved"
    assert broken_seals(session, [study.id]) == []


@pytest.mark.requirement("INS-04")
def test_texts_that_are_none_any_more_break_the_seal_and_nothing_else(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    wording.make_approved(session, clock, study)
    tamper(session, "UPDATE wording_pack SET texts = '{\"q01\": 1}'")
    with pytest.raises(SealBrokenError):
        wording_in_use(session, study, "qlq-c30", "fr")


def test_wording_that_lacks_what_an_amendment_added_is_used_no_more(
    session: Session, clock: SteppedClock
) -> None:
    study = factories.make_study(session, clock, with_symptoms=True)
    wording.make_approved(session, clock, study, "symptoms")
    amended = factories.source(with_symptoms=True).replace('version = "1.0"', 'version = "1.1"')
    studies.load_study(session, clock, amended, "amended.toml")
    assert is_approved_for(session, study, ["symptoms"], "fr")
    added = '\n[[symptoms]]\ncode = "own09"\nnames = { fr = "x", en = "y" }\nattributes = ["severity"]\n'
    studies.load_study(session, clock, amended.replace('"1.1"', '"1.2"') + added, "amended.toml")
    assert not is_approved_for(session, study, ["symptoms"], "fr")


@pytest.mark.requirement("INS-05")
def test_a_report_between_visits_reads_the_list_of_symptoms(session: Session, clock: SteppedClock) -> None:
    study = factories.make_study(session, clock, with_symptoms=True)
    report = wording_in_use(session, study, "report", "fr")
    assert report.is_stand_in
    assert report["onset"] == stand_in_texts("report", "fr")["onset"]
    assert not is_approved_for(session, study, ["report"], "fr")
    pack = wording.make_approved(session, clock, study, "symptoms")
    both = wordings_in_use(session, study, ["symptoms", "report"], "fr")
    assert list(both) == ["symptoms", "report"]
    assert both["report"]["pt009a"] == both["symptoms"]["pt009a"] == dict(pack.texts)["pt009a"]
    assert both["report"].status == "approved"
    assert both["report"].sha256 not in {pack.sha256, report.sha256}
    assert is_approved_for(session, study, ["report"], "fr")


# What a response keeps


@pytest.mark.requirement("INS-06")
def test_a_response_keeps_the_hash_of_what_was_read(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    used = wording_used(session, study, "qlq-c30", ["fr", "en"])
    assert (used.status, used.sha256) == ("stand-in", wording_sha256("qlq-c30"))
    french = wording.make_approved(session, clock, study)
    used = wording_used(session, study, "qlq-c30", ["fr"])
    assert (used.status, used.sha256) == ("approved", french.sha256)
    mixed = wording_used(session, study, "qlq-c30", ["fr", "en"])
    assert mixed.status == "stand-in"
    wording.make_approved(session, clock, study, language="en")
    both = wording_used(session, study, "qlq-c30", ["fr", "en", "fr"])
    assert both.status == "approved"
    assert len({used.sha256, mixed.sha256, both.sha256, wording_sha256("qlq-c30")}) == 4


# What a link needs


@pytest.mark.requirement("INS-05")
def test_production_gives_a_link_once_all_wording_is_approved_in_the_patients_language(
    session: Session, clock: SteppedClock
) -> None:
    study = factories.make_study(session, clock, with_symptoms=True)
    study.mode = "production"
    patient = factories.make_patient(session, clock, study, language="en")
    for missing in ("nothing", "symptoms", "english"):
        with pytest.raises(RuleError, match="no approved wording"):
            factories.make_link(session, clock, patient)
        if missing == "nothing":
            wording.make_approved(session, clock, study, "qlq-c30", "en")
        elif missing == "symptoms":
            wording.make_approved(session, clock, study, "symptoms", "fr")
            wording.make_draft(session, clock, study, "symptoms", "en")
    wording.make_approved(session, clock, study, "symptoms", "en")
    assert factories.make_link(session, clock, patient).token


@pytest.mark.requirement("INS-04")
@pytest.mark.parametrize("mode", ["production", "demonstration"])
def test_no_link_is_given_to_wording_that_was_changed(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, mode: str
) -> None:
    study.mode = mode
    wording.make_approved(session, clock, study)
    factories.make_link(session, clock, patient)
    tamper(session, CHANGE)
    with pytest.raises(RuleError, match="wording seal broken"):
        factories.make_link(session, clock, patient)


# The report between visits


@pytest.mark.requirement("AE-03")
def test_a_report_asks_in_the_words_of_the_list_and_begins_in_its_own(session: Session, study: Study) -> None:
    found, listed = (wording_in_use(session, study, code, "fr") for code in ("report", "symptoms"))
    own = stand_in_texts("report", "fr")
    assert (found.instrument, found.status) == ("report", "stand-in")
    assert (found["title"], found["onset"], found["name.pt009"]) == (
        own["title"],
        own["onset"],
        own["name.pt009"],
    )
    assert (found["pt009a"], found["recall.week"]) == (listed["pt009a"], listed["recall.week"])
    assert found.sha256 not in {listed.sha256, wording_sha256("symptoms")}


@pytest.mark.requirement("AE-03")
@pytest.mark.requirement("INS-03")
def test_a_report_in_a_real_study_needs_the_approved_wording_of_the_list(
    session: Session, clock: SteppedClock
) -> None:
    production = factories.make_study(session, clock, with_symptoms=True)
    patient = factories.make_patient(session, clock, production)
    production.mode = "production"
    with pytest.raises(RuleError, match="no approved wording") as refused:
        factories.make_personal_link(session, clock, patient)
    assert refused.value.field == "link"
    with pytest.raises(NoWordingError):
        wording_in_use(session, production, "report", "fr")
    pack = wording.make_approved(session, clock, production, "symptoms")
    found = wording_in_use(session, production, "report", "fr")
    assert found.status == "approved"
    assert found["pt009a"] == dict(pack.texts)["pt009a"]
    assert found["title"] == stand_in_texts("report", "fr")["title"]
    assert factories.make_personal_link(session, clock, patient).code
