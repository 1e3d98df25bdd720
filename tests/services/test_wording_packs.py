"""Packs of wording: imported, approved by a named person, sealed by service and database."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Study, WordingPack
from app.services import studies
from app.services.access import AccessDeniedError, Actor, Grant, Role
from app.services.errors import NotFoundError, RuleError
from app.services.wording import (
    Licence,
    RefusedFileError,
    SealBrokenError,
    approve_wording,
    broken_packs,
    find_draft,
    import_wording,
    pack_in_force,
    packs_of,
)
from app.services.wording.seal import seal
from tests import factories, wording
from tests.conftest import NOW

KEY = ("qlq-c30", "fr")


def packs(session: Session) -> list[WordingPack]:
    return list(session.scalars(select(WordingPack).order_by(WordingPack.id)))


def trail(session: Session, pack: WordingPack) -> list[AuditEntry]:
    query = select(AuditEntry).where(
        AuditEntry.entity == "wording_pack", AuditEntry.entity_id == str(pack.id)
    )
    return list(session.scalars(query.order_by(AuditEntry.id)))


def tamper(session: Session, statement: str, **values: str) -> None:
    """Changes the database as somebody does who is its master: the triggers are taken away."""
    session.flush()
    if session.connection().dialect.name == "sqlite":
        session.execute(text("DROP TRIGGER wording_pack_keeps_update"))
        session.execute(text("DROP TRIGGER wording_pack_keeps_delete"))
    else:
        session.execute(text("ALTER TABLE wording_pack DISABLE TRIGGER USER"))
    session.execute(text(statement), values)
    session.expire_all()


@pytest.mark.requirement("INS-03")
def test_an_import_is_a_draft_with_its_origin_and_reaches_nobody(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    draft = wording.make_draft(session, clock, study)
    assert (draft.status, draft.source_name, draft.imported_by) == (
        "draft",
        "wording.csv",
        "importer@staff.example",
    )
    assert (draft.imported_at, draft.approved_at, draft.structure_version) == (NOW, None, "3.0")
    assert [entry[0] for entry in draft.texts] == [slot.id for slot in wording.slots(session, study)]
    assert find_draft(session, study.id, *KEY) is draft
    assert pack_in_force(session, study.id, *KEY) is None


@pytest.mark.requirement("INS-03")
def test_a_refused_file_writes_nothing_and_leaves_the_draft(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    draft = wording.make_draft(session, clock, study)
    with pytest.raises(RefusedFileError):
        import_wording(session, clock, study, *KEY, b"id,text\n", "empty.csv", "x")
    assert packs(session) == [draft]


@pytest.mark.requirement("INS-03")
def test_another_import_takes_the_place_of_the_draft(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    former = wording.make_draft(session, clock, study)
    draft = wording.make_draft(session, clock, study, q01="Otherwise")
    assert find_draft(session, study.id, *KEY) is draft
    assert list(packs_of(session, study.id, *KEY)) == [draft]
    assert dict(draft.texts)["q01"] == "Otherwise"
    assert [entry.changes["status"] for entry in trail(session, former)] == [
        [None, "draft"],
        ["draft", "withdrawn"],
    ]


@pytest.mark.parametrize("key", [("qlq-br23", "fr"), ("symptoms", "fr"), ("qlq-c30", "de"), ("no", "fr")])
def test_wording_that_the_study_does_not_use_is_not_taken(
    session: Session, clock: SteppedClock, study: Study, key: tuple[str, str]
) -> None:
    with pytest.raises(NotFoundError):
        import_wording(session, clock, study, *key, b"id,text\n", "x.csv", "x")


@pytest.mark.requirement("INS-03")
@pytest.mark.requirement("AUD-01")
def test_an_approval_names_who_when_and_by_which_licence(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    draft = wording.make_draft(session, clock, study)
    clock.advance(hours=2)
    pack = approve_wording(session, clock, wording.manager(study), study, *KEY, draft.sha256, wording.LICENCE)
    assert (pack.status, pack.approved_by, pack.approved_at) == (
        "approved",
        "manager@staff.example",
        clock.now(),
    )
    assert (pack.licence_reference, pack.licence_version) == ("Agreement 2026-17", "3.0, French, 2024")
    assert pack.licence_on == date(2026, 10, 1)
    create, approval = trail(session, pack)
    assert create.changes["sha256"] == [None, pack.sha256]
    assert "texts" not in create.changes
    assert approval.changes["status"] == ["draft", "approved"]
    assert approval.changes["approved_by"] == [None, "manager@staff.example"]
    assert approval.chain == f"study:{study.id}"


@pytest.mark.requirement("INS-04")
def test_a_later_pack_takes_the_place_of_an_approved_one_and_both_stay(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    first = wording.make_approved(session, clock, study)
    second = wording.make_approved(session, clock, study, q01="Otherwise")
    assert pack_in_force(session, study.id, *KEY) is second
    clock.advance(days=1)
    third = wording.make_approved(session, clock, study)
    draft = wording.make_draft(session, clock, study)
    assert pack_in_force(session, study.id, *KEY) is third
    assert list(packs_of(session, study.id, *KEY)) == [draft, third, second, first]
    assert third.sha256 == first.sha256 != second.sha256


# Who may approve what


@pytest.mark.requirement("ACC-01")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.DATA_MANAGER])
def test_other_roles_approve_nothing(session: Session, clock: SteppedClock, study: Study, role: Role) -> None:
    draft = wording.make_draft(session, clock, study)
    actor = Actor(1, "x@staff.example", "fr", (Grant(role, study.id, None),))
    with pytest.raises(AccessDeniedError):
        approve_wording(session, clock, actor, study, *KEY, draft.sha256, wording.LICENCE)
    assert draft.status == "draft"


@pytest.mark.requirement("ACC-01")
def test_a_data_manager_of_one_site_or_of_another_study_approves_nothing(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    draft = wording.make_draft(session, clock, study)
    site = factories.get_site(session, study)
    for grant in (Grant(Role.DATA_MANAGER, study.id, site.id), Grant(Role.DATA_MANAGER, study.id + 1, None)):
        actor = Actor(1, "x@staff.example", "fr", (grant,))
        with pytest.raises(AccessDeniedError):
            approve_wording(session, clock, actor, study, *KEY, draft.sha256, wording.LICENCE)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"reference": " "}, "licence_needed"),
        ({"version": ""}, "licence_needed"),
        ({"reference": "x" * 201}, "licence_needed"),
        ({"on": NOW.date() + timedelta(days=1)}, "in_future"),
    ],
)
@pytest.mark.requirement("INS-03")
def test_an_approval_needs_the_facts_of_the_licence(
    session: Session, clock: SteppedClock, study: Study, change: dict[str, object], rule: str
) -> None:
    draft = wording.make_draft(session, clock, study)
    facts = {"reference": "A", "version": "1", "on": NOW.date()} | change
    licence = Licence(**facts)  # type: ignore[arg-type]  # one of them is wrong
    with pytest.raises(RuleError) as refused:
        approve_wording(session, clock, wording.manager(study), study, *KEY, draft.sha256, licence)
    assert refused.value.rule == rule
    assert draft.status == "draft"


@pytest.mark.requirement("INS-03")
def test_only_the_draft_that_was_seen_is_approved(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    seen = wording.make_draft(session, clock, study).sha256
    draft = wording.make_draft(session, clock, study, q01="Otherwise")
    with pytest.raises(RuleError, match="other draft"):
        approve_wording(session, clock, wording.manager(study), study, *KEY, seen, wording.LICENCE)
    assert draft.status == "draft"


def test_without_a_draft_there_is_nothing_to_approve(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    pack = wording.make_approved(session, clock, study)
    with pytest.raises(NotFoundError):
        approve_wording(session, clock, wording.manager(study), study, *KEY, pack.sha256, wording.LICENCE)


@pytest.mark.requirement("INS-04")
def test_a_draft_changed_in_the_database_is_not_approved(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    draft = wording.make_draft(session, clock, study)
    session.execute(text('UPDATE wording_pack SET texts = \'[["q01", "Otherwise"]]\''))
    with pytest.raises(SealBrokenError):
        approve_wording(session, clock, wording.manager(study), study, *KEY, draft.sha256, wording.LICENCE)
    assert find_draft(session, study.id, *KEY) is draft


def test_a_draft_that_lacks_what_an_amendment_added_is_not_approved(
    session: Session, clock: SteppedClock
) -> None:
    study = factories.make_study(session, clock, with_symptoms=True)
    key = ("symptoms", "fr")
    draft = wording.make_draft(session, clock, study, *key)
    added = '\n[[symptoms]]\ncode = "own09"\nnames = { fr = "x", en = "y" }\nattributes = ["severity"]\n'
    source = factories.source(with_symptoms=True).replace('version = "1.0"', 'version = "1.1"') + added
    studies.load_study(session, clock, source, "amended.toml")
    with pytest.raises(RuleError, match="structure changed"):
        approve_wording(session, clock, wording.manager(study), study, *key, draft.sha256, wording.LICENCE)


# What is approved stays


@pytest.mark.requirement("INS-04")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE wording_pack SET texts = '[]' WHERE status = 'approved'",
        "UPDATE wording_pack SET status = 'draft' WHERE status = 'approved'",
        "UPDATE wording_pack SET licence_reference = 'other' WHERE status = 'approved'",
        "DELETE FROM wording_pack WHERE status = 'approved'",
        {
            "sqlite": "INSERT OR REPLACE INTO wording_pack SELECT * FROM wording_pack",
            "postgresql": "TRUNCATE wording_pack",
        },
    ],
)
def test_the_database_keeps_approved_wording(
    session: Session, clock: SteppedClock, study: Study, statement: str | dict[str, str], database_kind: str
) -> None:
    pack = wording.make_approved(session, clock, study)
    wording.make_draft(session, clock, study)
    sql = statement if isinstance(statement, str) else statement[database_kind]
    with pytest.raises(DBAPIError, match="does not change"), session.begin_nested():
        session.execute(text(sql))
    assert len(packs(session)) == 2
    assert pack_in_force(session, study.id, *KEY) is pack


@pytest.mark.requirement("INS-04")
def test_neither_does_a_session_change_it(session: Session, clock: SteppedClock, study: Study) -> None:
    pack = wording.make_approved(session, clock, study)
    session.commit()
    pack.approved_by = "somebody else"
    with pytest.raises(DBAPIError, match="does not change"):
        session.flush()
    session.rollback()
    session.delete(pack)
    with pytest.raises(DBAPIError, match="does not change"):
        session.flush()


def test_the_seal_covers_texts_order_and_what_they_belong_to() -> None:
    texts = [["q01", "é"], ["q02", "b"]]
    known = seal("qlq-c30", "3.0", "fr", texts)
    # Computed apart, by sha256sum of the same JSON written by hand.
    assert known == "2c3506eb6ada582c9d2c847fc9d810ec6c8891e73aceb65ad93a7a0333ba676f"
    others = [
        seal("qlq-br23", "3.0", "fr", texts),
        seal("qlq-c30", "3.1", "fr", texts),
        seal("qlq-c30", "3.0", "en", texts),
        seal("qlq-c30", "3.0", "fr", texts[::-1]),
        seal("qlq-c30", "3.0", "fr", [["q01", "e"], ["q02", "b"]]),
    ]
    assert len({known, *others}) == 6


# What a check of all finds


@pytest.mark.requirement("INS-04")
@pytest.mark.threat("E2")
@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ('UPDATE wording_pack SET texts = \'[["q01", "Otherwise"]]\'', "not those that were approved"),
        ("UPDATE wording_pack SET language = 'en'", "not those that were approved"),
        ("UPDATE wording_pack SET status = 'draft'", "it was approved and is gone"),
        ("DELETE FROM wording_pack", "it was approved and is gone"),
    ],
)
def test_a_change_behind_the_application_is_found(
    session: Session, clock: SteppedClock, study: Study, statement: str, problem: str
) -> None:
    wording.make_approved(session, clock, study)
    assert broken_packs(session, study.id) == []
    tamper(session, statement)
    ((_, found),) = broken_packs(session, study.id)
    assert problem in found


@pytest.mark.requirement("INS-04")
@pytest.mark.threat("E2")
def test_texts_changed_together_with_their_hash_are_found_by_the_trail(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    pack = wording.make_approved(session, clock, study)
    forged = seal("qlq-c30", "3.0", "fr", [["q01", "Otherwise"]])
    change = 'UPDATE wording_pack SET texts = \'[["q01", "Otherwise"]]\', sha256 = :forged'
    tamper(session, change, forged=forged)
    assert broken_packs(session, study.id) == [
        (f"pack {pack.id} (qlq-c30, fr)", "its hash is not the one that the audit trail names")
    ]


@pytest.mark.requirement("INS-04")
def test_a_draft_made_approved_in_the_database_is_found(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    wording.make_draft(session, clock, study)
    tamper(session, "UPDATE wording_pack SET status = 'approved'")
    assert [problem for _, problem in broken_packs(session, study.id)] == [
        "the audit trail names no approval"
    ]
