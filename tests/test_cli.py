"""The commands: what they say, with which exit code, and that a refusal changes nothing."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask_security.utils import verify_password
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import cli, migrate
from app.clock import SteppedClock
from app.db import db
from app.models import AuditEntry, DefinitionVersion, RoleAssignment, Score, User
from app.security import _as_signing_in
from app.services.password_links import find_password_link
from app.services.passwords import SHORTEST_PASSWORD
from tests import corrected
from tests import factories as make
from tests.conftest import NOW, test_settings
from tests.live import Live, live_database

PASSWORD = "correct horse battery staple"


@pytest.fixture
def run(app: Flask, session: Session):  # type: ignore[no-untyped-def]  # a function with any arguments
    """Runs a command as the shell would; what the test wrote is committed before."""

    def call(*arguments: object, answer: str | None = None, code: int = 0) -> Result:
        session.commit()
        result = app.test_cli_runner().invoke(args=[str(each) for each in arguments], input=answer)
        session.expire_all()
        assert result.exit_code == code, result.output
        return result

    return call


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A copy of the shipped definition."""
    path = tmp_path / "étude.toml"
    path.write_text(make.source(), "utf-8")
    return path


def change(file: Path, *changes: tuple[str, str]) -> Path:
    source = file.read_text("utf-8")
    for old, new in changes:
        assert old in source
        source = source.replace(old, new, 1)
    file.write_text(source, "utf-8")
    return file


VERSION = ('version = "1.0"', 'version = "1.1"')
FEWER = ("months = [30, 36, 42, 48, 54, 60]", "months = [30, 36, 42, 48, 54]")


def versions(session: Session) -> list[str]:
    return list(session.scalars(select(DefinitionVersion.version).order_by(DefinitionVersion.id)))


# Studies


@pytest.mark.requirement("VIS-01")
def test_a_study_is_loaded_once(session: Session, run, file: Path) -> None:  # type: ignore[no-untyped-def]
    assert run("study", "load", file).output == "Study GIST-IMA 1.0 is loaded.\n"
    again = run("study", "load", file).output
    assert again == "Study GIST-IMA 1.0 is loaded already: nothing to change.\n"
    assert versions(session) == ["1.0"]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.entity == "study")).one()
    assert (entry.actor, entry.role, entry.at) == ("command line", "system", NOW)


@pytest.mark.requirement("VIS-01")
@pytest.mark.parametrize(("answer", "applied"), [("y\n", True), ("n\n", False), ("", False)])
def test_an_amendment_shows_what_it_changes_and_asks(  # type: ignore[no-untyped-def]
    session: Session, clock: SteppedClock, run, file: Path, answer: str, applied: bool
) -> None:
    make.randomise(session, clock, make.make_patient(session, clock, make.make_study(session, clock)))
    result = run("study", "load", change(file, VERSION, FEWER), answer=answer, code=0 if answer else 1)
    assert result.output.startswith("Amendment to GIST-IMA 1.1 changes:\n  study.version: 1.0 -> 1.1\n")
    assert "  visits M{month} (2).months: (30, 36, 42, 48, 54, 60) -> (30, 36, 42, 48, 54)\n" in result.output
    assert "  visits added: 0\n  visits moved: 0\n  visits removed: 1 (04-001 M60)\n" in result.output
    assert ("Applied." in result.output) is applied
    assert versions(session) == (["1.0", "1.1"] if applied else ["1.0"])
    assert bool(session.scalar(text("SELECT count(*) FROM visit WHERE code = 'M60'"))) is not applied


@pytest.mark.requirement("VIS-01")
def test_an_amendment_is_applied_without_asking_where_that_is_wanted(  # type: ignore[no-untyped-def]
    session: Session, clock: SteppedClock, run, file: Path
) -> None:
    study = make.make_study(session, clock)
    make.randomise(session, clock, make.make_patient(session, clock, study))
    moved = ("months = [3, 6, 9, 12, 15, 18, 21, 24]\ndays_before = 14", "months = [3, 6]\ndays_before = 7")
    result = run("study", "load", change(file, VERSION, moved), "--yes")
    assert "visits moved: 2 (04-001 M3, 04-001 M6)" in result.output
    assert result.output.endswith("Applied.\n")
    assert study.definition_version == "1.1"


def test_a_long_list_of_visits_is_cut_and_counted(  # type: ignore[no-untyped-def]
    session: Session, clock: SteppedClock, run, file: Path
) -> None:
    study = make.make_study(session, clock)
    for code in ("04-001", "04-002"):
        make.randomise(session, clock, make.make_patient(session, clock, study, code))
    moved = ("days_before = 28", "days_before = 21")
    result = run("study", "load", change(file, VERSION, moved), "--yes")
    assert "visits moved: 12 (04-001 M30, " in result.output
    assert "04-002 M48, ...)" in result.output


@pytest.mark.requirement("VIS-01")
@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (("months = [1]", "months = [1.5]"), "étude.toml:{line}: "),
        (('anchor = "consent"', 'anchor = "holiday"'), "the code of a milestone"),
        (("[study]", "[study"), "étude.toml"),
        (
            ("# Study definition file", "# Another comment, but the same version"),
            "give the file a version of its own",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_line_and_changes_nothing(  # type: ignore[no-untyped-def]
    session: Session, clock: SteppedClock, run, file: Path, edit: tuple[str, str], said: str
) -> None:
    make.make_study(session, clock)
    line = file.read_text("utf-8").partition(edit[0])[0].count("\n") + 1
    result = run("study", "load", change(file, edit), code=1)
    assert result.output.startswith("Error: ")
    assert said.format(line=line) in result.output
    assert versions(session) == ["1.0"]


def test_a_file_that_cannot_be_read_is_refused(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    missing = tmp_path / "none.toml"
    assert run("study", "load", missing, code=1).output == f"Error: {missing}: No such file or directory\n"
    (tmp_path / "latin.toml").write_bytes("é".encode("latin-1"))
    refused = run("study", "load", tmp_path / "latin.toml", code=1).output
    assert refused == "Error: the file is not UTF-8 text (byte 1): save it as UTF-8\n"
    assert run("study", "load", tmp_path, code=1).output.startswith("Error: ")


# Accounts


@pytest.mark.requirement("ACC-01")
@pytest.mark.requirement("ACC-02")
@pytest.mark.threat("B4")
def test_an_account_is_created_with_one_role_and_argon2id(  # type: ignore[no-untyped-def]
    session: Session, clock: SteppedClock, run
) -> None:
    study = make.make_study(session, clock)
    result = run(
        *("account", "create", "Nurse@Staff.example", "--role", "nurse", "--study", "GIST-IMA"),
        *("--site", "04", "--language", "en", "--password", PASSWORD),
    )
    assert result.output == "nurse@staff.example can sign in at http://localhost/login\n"
    user = session.scalars(select(User)).one()
    assert (user.email, user.language, user.active) == ("nurse@staff.example", "en", True)
    assert (user.password or "").startswith("$argon2id$")
    role = session.scalars(select(RoleAssignment)).one()
    assert (role.role, role.study_id, role.site_id) == ("nurse", study.id, make.get_site(session, study).id)


@pytest.mark.threat("B11")
@pytest.mark.threat("B12")
def test_without_a_password_a_link_is_printed_by_which_it_is_set(  # type: ignore[no-untyped-def]
    session: Session, clock: SteppedClock, run
) -> None:
    said = run("account", "create", "a@b.example", "--role", "administrator").output
    first, address = said.splitlines()
    assert first == "a@b.example sets the password, once and until 2026-11-26 09:00 UTC, at"
    assert address.startswith("http://localhost/password/")
    user = session.scalars(select(User)).one()
    assert (user.password, user.language) == (None, "fr")
    link = find_password_link(session, clock, address.rpartition("/")[2])
    assert link is not None
    assert link.user_id == user.id


@pytest.mark.threat("B5")
def test_an_accent_typed_in_two_ways_is_one_password(app: Flask, session: Session, run) -> None:  # type: ignore[no-untyped-def]
    whole, composed = "une forêt de chênes verts", "une fore\u0302t de che\u0302nes verts"
    run("account", "create", "a@b.example", "--role", "administrator", "--password", whole)
    hashed = session.scalars(select(User.password)).one()
    with app.app_context():
        assert verify_password(_as_signing_in(composed), hashed)


@pytest.mark.requirement("ACC-02")
@pytest.mark.threat("B5")
@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--role", "nurse", "--study", "GIST-IMA"], 1, "role needs site (role=nurse): name it with --site"),
        (["--role", "analyst"], 1, "role needs study"),
        (["--role", "analyst", "--study", "NONE"], 1, "no study 'NONE'"),
        (["--role", "nurse", "--study", "GIST-IMA", "--site", "99"], 1, "no site '99'"),
        (["--role", "king"], 2, "'king'"),
        (["--role", "administrator", "--password", "x" * (SHORTEST_PASSWORD - 1)], 2, "15 characters"),
        (["--role", "administrator", "--password", "x" * SHORTEST_PASSWORD], 2, "easily guessed"),
        ([], 2, "--role"),
    ],
)
def test_an_account_that_cannot_be_is_refused(  # type: ignore[no-untyped-def]
    session: Session, clock: SteppedClock, run, options: list[str], code: int, said: str
) -> None:
    make.make_study(session, clock)
    result = run("account", "create", "a@b.example", "--password", PASSWORD, *options, code=code)
    assert said in result.output
    assert session.scalars(select(User)).all() == []


def test_an_address_that_is_taken_or_none_is_refused(session: Session, run) -> None:  # type: ignore[no-untyped-def]
    arguments = ("--role", "administrator", "--password", PASSWORD)
    run("account", "create", "a@b.example", *arguments)
    assert "address taken" in run("account", "create", "A@B.example", *arguments, code=1).output
    for none in ("nobody", "nurse@hospital.local", "nurse@hospital"):
        assert "no address" in run("account", "create", none, *arguments, code=1).output
    assert len(session.scalars(select(User)).all()) == 1


# Verifying


@pytest.mark.requirement("AUD-01")
@pytest.mark.threat("E3")
def test_the_trail_is_verified_and_a_break_named(  # type: ignore[no-untyped-def]
    session: Session, clock: SteppedClock, run
) -> None:
    study = make.make_study(session, clock)
    assert run("audit", "verify").output == "The audit trail is whole.\n"
    on = "" if session.get_bind().dialect.name == "sqlite" else " ON audit_entry"
    trigger = "audit_entry_keeps_rows" if on else "audit_entry_keeps_update"
    session.execute(text(f"DROP TRIGGER {trigger}{on}"))
    session.execute(text("UPDATE audit_entry SET actor = 'somebody' WHERE sequence = 3"))
    result = run("audit", "verify", code=1)
    assert f"study:{study.id}, entry 3: it was altered after it was written\n" in result.output
    assert "Error: broken chains: 1\n" in result.output


@pytest.mark.threat("D20")
def test_scores_are_verified_and_a_difference_named(  # type: ignore[no-untyped-def]
    session: Session, clock: SteppedClock, run
) -> None:
    patient = make.make_patient(session, clock, make.make_study(session, clock))
    visit = make.get_visit(session, patient)
    make.submit(session, clock, visit)
    corrected.correct(session, clock, corrected.sent_form(session, patient))
    said = "Responses checked: 1; corrections: 1. Every stored score equals the one computed again.\n"
    assert run("scores", "verify").output == said
    fatigue = session.scalars(select(Score).where(Score.scale == "FA")).one()
    fatigue.value = 12.5
    result = run("scores", "verify", code=1)
    assert f"response {fatigue.response_id}, FA: stored (12.5, 3), computed (0.0, 3)\n" in result.output
    assert session.scalar(select(Score.value).where(Score.scale == "FA")) == 12.5


# Exports: with connections of their own for reading and writing, as in a real run


@pytest.fixture(scope="module")
def live(database_kind: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Live]:
    with live_database(database_kind, tmp_path_factory.mktemp("live"), worker_id) as live:
        with live.session() as session:
            patient = make.randomise(session, live.clock, live.new_patient(session), "interruption")
            make.submit(session, live.clock, make.get_visit(session, patient))
            session.commit()
        yield live


def export(live: Live, *arguments: object) -> Result:
    return live.app.test_cli_runner().invoke(args=["export", *(str(each) for each in arguments)])


def exports(live: Live) -> list[AuditEntry]:
    with live.session() as session:
        query = select(AuditEntry).where(AuditEntry.action == "export")
        return list(session.scalars(query.order_by(AuditEntry.id)))


@pytest.mark.requirement("EXP-02")
@pytest.mark.requirement("EXP-04")
@pytest.mark.parametrize("without_arm", [False, True])
def test_an_export_writes_files_names_their_hashes_and_is_in_the_trail(
    live: Live, tmp_path: Path, without_arm: bool
) -> None:
    folder, before = tmp_path / "données", len(exports(live))
    result = export(live, "--study", "GIST-IMA", "--out", folder, *["--without-arm"] * without_arm)
    assert result.exit_code == 0, result.output
    hashes = {Path(path).name: sha256 for path, sha256 in map(str.split, result.output.splitlines())}
    assert set(hashes) == {"GIST-IMA_scored.csv", "GIST-IMA_codebook.csv", "manifest.json"}
    for name, sha256 in hashes.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["sha256"] == {name: hashes[name] for name in hashes if name != "manifest.json"}
    assert ("interruption" in (folder / "GIST-IMA_scored.csv").read_text("utf-8")) is not without_arm
    *_, entry = found = exports(live)
    assert len(found) == before + 1
    assert (entry.actor, entry.changes["with_arm"]) == ("command line", not without_arm)


@pytest.mark.requirement("EXP-04")
def test_an_export_that_cannot_be_is_refused_and_leaves_no_file(live: Live, tmp_path: Path) -> None:
    before = len(exports(live))
    unknown = export(live, "--study", "NONE", "--out", tmp_path / "a")
    assert (unknown.exit_code, unknown.output) == (1, "Error: no study 'NONE'\n")
    assert export(live).exit_code == 2
    assert len(exports(live)) == before
    nowhere = export(live, "--study", "GIST-IMA", "--out", tmp_path / "none" / "a")
    assert nowhere.exit_code == 1
    assert nowhere.output.startswith("Error: cannot write the export to ")
    assert list(tmp_path.iterdir()) == []


# The schema


@pytest.mark.requirement("OPS-01")
def test_the_schema_is_checked_brought_up_and_taken_down(tmp_path: Path) -> None:
    from app import create_app

    app = create_app(test_settings(f"sqlite:///{tmp_path / 'new' / 'ressenti.sqlite'}"), SteppedClock(NOW))
    runner, newest = app.test_cli_runner(), migrate.newest()
    behind = runner.invoke(args=["db", "check"])
    assert (behind.exit_code, "at version none" in behind.output) == (1, True)
    assert runner.invoke(args=["db", "upgrade"]).exit_code == 0
    assert runner.invoke(args=["db", "check"]).output == (
        f"The database is at version {newest}, as needed.\n"
    )
    assert runner.invoke(args=["db", "downgrade", "0001"]).exit_code == 0
    assert "at version 0001" in runner.invoke(args=["db", "check"]).output
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


def test_every_command_says_what_it_does(app: Flask) -> None:
    groups = (cli.db_group, cli.study_group, cli.account_group, cli.audit_group, cli.scores_group)
    for group in groups:
        assert app.cli.commands[group.name or ""] is group
        assert all(command.help for command in group.commands.values())
