"""The commands of wording: what they say, with which exit code, and that a refusal changes nothing."""

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Study, WordingPack
from app.services.access import Role
from tests import factories, wording
from tests.services.test_wording_packs import tamper

KEY = ("--study", "GIST-IMA", "--questionnaire", "qlq-c30", "--language", "fr")
LICENCE = ("--reference", "Agreement 12", "--version", "3.0", "--date", "2026-10-01")
BY = ("--by", "manager@staff.example")


@pytest.fixture
def study(session: Session, clock: SteppedClock) -> Study:
    """The first study with a data manager and a nurse."""
    study = factories.make_study(session, clock)
    factories.make_staff(session, clock, Role.DATA_MANAGER, study, None, BY[1])
    site = factories.get_site(session, study)
    factories.make_staff(session, clock, Role.NURSE, study, site, "nurse@staff.example")
    return study


@pytest.fixture
def file(session: Session, study: Study, tmp_path: Path) -> Path:
    """A file of complete texts."""
    path = tmp_path / "texte é.csv"
    path.write_bytes(wording.csv_file(wording.made_up(wording.slots(session, study))))
    return path


@pytest.fixture
def run(app: Flask, session: Session, study: Study):  # type: ignore[no-untyped-def]  # a function with any arguments
    """Runs a command as the shell would; what the test wrote is committed before."""

    def call(*arguments: object, code: int = 0) -> Result:
        session.commit()
        result = app.test_cli_runner().invoke(args=["wording", *(str(each) for each in arguments)])
        session.expire_all()
        assert result.exit_code == code, result.output
        return result

    return call


def packs(session: Session) -> list[WordingPack]:
    return list(session.scalars(select(WordingPack)))


@pytest.mark.requirement("INS-03")
def test_a_file_is_imported_and_approved_by_a_named_person(  # type: ignore[no-untyped-def]
    session: Session, run, file: Path
) -> None:
    said = run("import", file, *KEY).output
    (draft,) = packs(session)
    assert said == f"Imported 39 texts as a draft. SHA-256: {draft.sha256}\n"
    assert (draft.source_name, draft.imported_by, draft.status) == ("texte é.csv", "command line", "draft")
    said = run("approve", *KEY, *LICENCE, *BY, "--sha256", draft.sha256).output
    assert said == "Approved by manager@staff.example. Patients read these texts from now on.\n"
    (pack,) = packs(session)
    assert (pack.status, pack.licence_reference) == ("approved", "Agreement 12")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.entity == "wording_pack")).all()[-1]
    assert (entry.actor, entry.role, entry.reason) == (BY[1], "data_manager", "on the command line")


@pytest.mark.requirement("INS-03")
def test_a_faulty_file_is_refused_with_all_its_lines(session: Session, run, file: Path) -> None:  # type: ignore[no-untyped-def]
    lines = file.read_text("utf-8").splitlines()
    file.write_text("\n".join([*lines[:5], *lines[6:], lines[7]]), "utf-8")
    said = run("import", file, *KEY, code=1).output
    assert said == (
        "Error: the file was not taken, nothing was changed:\n"
        "  Line 5: q02 is missing: expected after q01.\n"
        "  Line 40: q04 is there a second time; the first time at 7.\n"
    )
    assert packs(session) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"--by": "nurse@staff.example"}, "no role that allows to import and approve wording"),
        ({"--by": "nobody@staff.example"}, "no account 'nobody@staff.example'"),
        ({"--sha256": "0" * 64}, "other draft"),
        ({"--language": "en"}, "no draft wording 'qlq-c30 en'"),
        ({"--study": "NONE"}, "no study 'NONE'"),
        ({"--date": "2026-11-24"}, "licence_on: in future"),
        ({"--reference": " "}, "reference: licence needed"),
    ],
)
@pytest.mark.requirement("INS-03")
def test_an_approval_is_refused_without_what_it_needs(  # type: ignore[no-untyped-def]
    session: Session, clock: SteppedClock, run, study: Study, change: dict[str, str], told: str
) -> None:
    draft = wording.make_draft(session, clock, study)
    arguments = (*KEY, *LICENCE, *BY, "--sha256", draft.sha256)
    facts = dict(zip(arguments[::2], arguments[1::2], strict=True)) | change
    assert told in run("approve", *(each for pair in facts.items() for each in pair), code=1).output
    assert [pack.status for pack in packs(session)] == ["draft"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("no such file.csv", *KEY), "no such file.csv"),
        ((__file__, *KEY[:3], "qlq-br23", *KEY[4:]), "no questionnaire 'qlq-br23'"),
    ],
)
def test_an_import_is_refused_in_one_line(
    session: Session, run, arguments: tuple[str, ...], told: str
) -> None:  # type: ignore[no-untyped-def]
    said = run("import", *arguments, code=1).output
    assert told in said
    assert len(said.splitlines()) == 1
    assert packs(session) == []


@pytest.mark.requirement("INS-04")
def test_a_check_names_what_was_changed(session: Session, clock: SteppedClock, run, study: Study) -> None:  # type: ignore[no-untyped-def]
    pack = wording.make_approved(session, clock, study)
    assert run("check", *KEY[:2]).output == "All approved wording is as it was approved.\n"
    tamper(session, "UPDATE wording_pack SET texts = '[]'")
    assert run("check", *KEY[:2], code=1).output == (
        f"pack {pack.id} (qlq-c30, fr): its texts are not those that were approved\n"
        "Error: wording that does not hold: 1\n"
    )
