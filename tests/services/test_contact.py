"""Contact details: sealed where they lie, read by the site's staff and the sending job alone."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import MetaData, select, text, update
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Contact, Patient, Study
from app.services.access import AccessDeniedError, Actor, Grant, Role
from app.services.audit import BulkStatementError, verify
from app.services.contact import (
    FOR_SENDING,
    ContactDetails,
    ContactWish,
    contact_state,
    erase_contact,
    flag_bounce,
    read_contact,
    rotate_keys,
    save_contact,
    show_contact,
)
from app.services.errors import RuleError
from app.services.sealing import NoKeyError, SealedTextError, seal, sealed_with, unseal
from tests import factories as make
from tests.conftest import CONTACT_KEYS as KEYS

pytestmark = pytest.mark.requirement("DAT-01")
NEW = (2, b"n" * 32)
PHONE, EMAIL = "+33639980001", "a.patient@post.example"
CANARIES = ("39980001", "39 98 00 01", "a.patient", "post.example")


@pytest.fixture
def kept(session: Session, clock: SteppedClock, patient: Patient) -> Patient:
    """A patient whose telephone number and e-mail address are kept."""
    make.keep_contact(session, clock, patient, KEYS)
    return patient


def row(session: Session, patient: Patient) -> Contact:
    return session.scalars(select(Contact).where(Contact.patient_id == patient.id)).one()


def wish(session: Session, patient: Patient, **changes: object) -> ContactWish:
    state = contact_state(session, make.site_nurse(patient), patient)
    facts = {
        "phone": PHONE,
        "email": EMAIL,
        "channel": "sms",
        "do_not_contact": False,
        "version": state.version if state else 0,
    }
    return ContactWish(**(facts | changes))  # type: ignore[arg-type]


def save(session: Session, clock: SteppedClock, patient: Patient, **changes: object) -> None:
    nurse = make.site_nurse(patient)
    save_contact(session, clock, nurse, KEYS, patient, wish(session, patient, **changes))


def read(session: Session, patient: Patient) -> ContactDetails:
    found = read_contact(session, KEYS, patient, FOR_SENDING)
    assert found is not None
    return found


def entries(session: Session) -> list[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.entity == "contact").order_by(AuditEntry.id)
    return list(session.scalars(query))


def everything(session: Session) -> Iterator[str]:
    """Each row of each table as text, bytes also as they would be read."""
    tables = MetaData()
    tables.reflect(session.connection())
    for table in tables.tables.values():
        for found in session.connection().execute(table.select()):
            for value in found:
                yield str(value)
                if isinstance(value, bytes):
                    yield value.decode("latin-1")


# What is kept


def test_what_is_kept_is_read_again_in_its_written_form(session: Session, kept: Patient) -> None:
    found = read(session, kept)
    assert (found.phone, found.email, found.channel, found.do_not_contact) == (PHONE, EMAIL, "sms", False)


def test_who_has_nothing_kept_has_no_details_and_no_entry(session: Session, patient: Patient) -> None:
    assert read_contact(session, KEYS, patient, FOR_SENDING) is None
    assert contact_state(session, make.site_nurse(patient), patient) is None
    assert entries(session) == []


@pytest.mark.threat("G1")
@pytest.mark.threat("G2")
def test_no_table_holds_a_number_or_an_address_in_clear(
    session: Session, clock: SteppedClock, kept: Patient
) -> None:
    read(session, kept)
    save(session, clock, kept, phone="06 39 98 00 02", channel="email")
    flag_bounce(session, clock, kept, "sms")
    rotate_keys(session, [NEW, *KEYS])
    dump = list(everything(session))
    assert len(dump) > 100
    assert not [value for value in dump for canary in (*CANARIES, "39980002") if canary in value]
    erase_contact(session, kept)
    assert not [value for value in everything(session) for canary in CANARIES if canary in value]


@pytest.mark.threat("G2")
def test_details_do_not_show_themselves_where_they_are_printed(session: Session, kept: Patient) -> None:
    found = read(session, kept)
    shown = f"{found!r} {found} {wish(session, kept)!r} {row(session, kept)!r}"
    assert not [canary for canary in CANARIES if canary in shown]


@pytest.mark.threat("G1")
def test_no_research_table_refers_to_contact_details() -> None:
    tables = Contact.metadata.tables.values()
    assert not [key for table in tables for key in table.foreign_keys if key.column.table.name == "contact"]


# Swapped, altered, lost


@pytest.mark.threat("G2")
def test_details_moved_to_another_patient_do_not_open(
    session: Session, clock: SteppedClock, study: Study, kept: Patient
) -> None:
    other = make.make_patient(session, clock, study, "04-002")
    make.keep_contact(session, clock, other, KEYS, phone="06 39 98 00 02")
    mine, theirs = row(session, kept), row(session, other)
    mine.phone_sealed, theirs.phone_sealed = theirs.phone_sealed, mine.phone_sealed
    session.flush()
    for patient in (kept, other):
        with pytest.raises(SealedTextError, match=rf"^contact.phone.{patient.id} cannot be opened"):
            read_contact(session, KEYS, patient, FOR_SENDING)


@pytest.mark.threat("G2")
def test_details_moved_to_another_column_do_not_open(session: Session, kept: Patient) -> None:
    contact = row(session, kept)
    contact.phone_sealed, contact.email_sealed = contact.email_sealed, contact.phone_sealed
    session.flush()
    with pytest.raises(SealedTextError):
        read_contact(session, KEYS, kept, FOR_SENDING)


@pytest.mark.threat("G2")
def test_details_whose_key_is_gone_are_refused_in_words_and_can_be_written_anew(
    session: Session, clock: SteppedClock, kept: Patient
) -> None:
    nurse = make.site_nurse(kept)
    with pytest.raises(RuleError, match="contact not opened") as refused:
        show_contact(session, nurse, [NEW], kept)
    assert not [canary for canary in CANARIES if canary in str(refused.value)]
    save_contact(session, clock, nurse, [NEW], kept, wish(session, kept))
    found = show_contact(session, nurse, [NEW], kept)
    assert found is not None
    assert found.phone == PHONE


def test_without_keys_nothing_is_kept_or_read(session: Session, clock: SteppedClock, kept: Patient) -> None:
    nurse = make.site_nurse(kept)
    with pytest.raises(NoKeyError):
        read_contact(session, (), kept, FOR_SENDING)
    with pytest.raises(RuleError, match="no contact keys"):
        show_contact(session, nurse, (), kept)
    with pytest.raises(RuleError, match="no contact keys"):
        save_contact(session, clock, nurse, (), kept, wish(session, kept))


# Who reads


def test_the_staff_of_the_site_read_and_are_named(session: Session, kept: Patient) -> None:
    for role in (Role.NURSE, Role.INVESTIGATOR):
        actor = Actor(0, "a@staff.example", "fr", (Grant(role, kept.study_id, kept.site_id),))
        found = show_contact(session, actor, KEYS, kept)
        assert found is not None
        assert found.email == EMAIL
    assert [(each.action, each.changes) for each in entries(session)[1:]] == [
        ("read", {"purpose": "shown to site staff"})
    ] * 2


@pytest.mark.threat("C13")
@pytest.mark.threat("G1")
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("place", ["own site", "other site", "whole study", "other study"])
def test_nobody_else_reads_or_changes_them(
    session: Session, clock: SteppedClock, study: Study, kept: Patient, role: Role, place: str
) -> None:
    other = make.get_site(session, study, "01").id
    where = {
        "own site": (kept.study_id, kept.site_id),
        "other site": (kept.study_id, other),
        "whole study": (kept.study_id, None),
        "other study": (kept.study_id + 1, None),
    }
    actor = Actor(0, "a@staff.example", "fr", (Grant(role, *where[place]),))
    if role in {Role.NURSE, Role.INVESTIGATOR} and place in {"own site", "whole study"}:
        assert show_contact(session, actor, KEYS, kept) is not None
        return
    before = len(entries(session))
    for call in (
        lambda: show_contact(session, actor, KEYS, kept),
        lambda: contact_state(session, actor, kept),
        lambda: save_contact(session, clock, actor, KEYS, kept, wish(session, kept, phone="")),
    ):
        with pytest.raises(AccessDeniedError):
            call()
    assert len(entries(session)) == before
    assert row(session, kept).phone_sealed is not None


@pytest.mark.requirement("AUD-01")
def test_the_trail_tells_what_happened_and_no_value(
    session: Session, clock: SteppedClock, kept: Patient
) -> None:
    read(session, kept)
    save(session, clock, kept, phone="", channel="email")
    erase_contact(session, kept)
    created, was_read, changed, erased = entries(session)
    assert (created.action, created.chain) == ("create", f"patient:{kept.id}")
    assert created.changes["phone_sealed"] == [None, "sealed"]
    assert created.changes["channel"] == [None, "sms"]
    assert (was_read.action, was_read.changes) == ("read", {"purpose": "sending"})
    assert changed.changes["phone_sealed"] == ["sealed", None]
    assert "email_sealed" not in changed.changes
    assert (erased.action, erased.changes["email_sealed"]) == ("delete", ["sealed", None])
    assert verify(session) == []


# What is refused


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"phone": "06 39"}, "phone", "no_phone"),
        ({"phone": "0899 12 34 56"}, "phone", "no_personal_phone"),
        ({"phone": "1 54 03 75 123 456 78"}, "phone", "no_phone"),
        ({"email": "a.patient"}, "email", "no_email"),
        ({"email": "254037512345678@post.example"}, "email", "national_number"),
        ({"email": "a.12-03-1954@post.example"}, "email", "birth_date"),
        ({"phone": " "}, "phone", "sms_needs_phone"),
        ({"phone": "01 99 00 12 34"}, "phone", "sms_needs_mobile"),
        ({"email": "", "channel": "email"}, "email", "email_needs_address"),
        ({"channel": "pigeon"}, "channel", "unknown_channel"),
        ({"version": 0}, "contact", "contact_changed"),
        ({"version": 2}, "contact", "contact_changed"),
    ],
)
def test_bad_input_is_refused_at_its_field_and_changes_nothing(
    session: Session, clock: SteppedClock, kept: Patient, changes: dict[str, object], field: str, rule: str
) -> None:
    with pytest.raises(RuleError) as refused:
        save(session, clock, kept, **changes)
    assert (refused.value.field, refused.value.rule) == (field, rule)
    found = read(session, kept)
    assert (found.phone, found.email, found.channel) == (PHONE, EMAIL, "sms")


def test_a_patient_may_have_neither_telephone_nor_mail(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    save(session, clock, patient, phone="", email=" ", channel="none", do_not_contact=True)
    found = read(session, patient)
    assert (found.phone, found.email, found.channel, found.do_not_contact) == (None, None, "none", True)


def test_a_number_without_plus_is_one_of_the_sites_region(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    patient.site.calendar = "nouvelle-caledonie"
    save(session, clock, patient, phone="75 00 00")
    assert read(session, patient).phone == "+687750000"


# Bounces


def test_a_bounce_stays_until_another_number_or_address_is_kept(
    session: Session, clock: SteppedClock, kept: Patient
) -> None:
    flag_bounce(session, clock, kept, "sms")
    flag_bounce(session, clock, kept, "email")
    first = clock.now()
    clock.advance(days=1)
    flag_bounce(session, clock, kept, "email")
    save(session, clock, kept, phone="06 39 98 00 02")
    state = read(session, kept).state
    assert (state.phone_bounced_at, state.email_bounced_at) == (None, first)


def test_a_bounce_of_details_that_are_erased_is_nothing(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    flag_bounce(session, clock, patient, "sms")
    assert contact_state(session, make.site_nurse(patient), patient) is None


# Erasing and rotating


@pytest.mark.requirement("OPS-05")
@pytest.mark.threat("G4")
def test_what_is_erased_is_gone_and_the_trail_says_so(session: Session, kept: Patient) -> None:
    assert erase_contact(session, kept)
    assert not erase_contact(session, kept)
    assert read_contact(session, KEYS, kept, FOR_SENDING) is None
    assert session.scalars(select(Contact)).all() == []
    assert entries(session)[-1].action == "delete"


@pytest.mark.threat("G2")
def test_rotation_seals_all_with_the_first_key_once(
    session: Session, clock: SteppedClock, study: Study, kept: Patient
) -> None:
    other = make.make_patient(session, clock, study, "04-002")
    make.keep_contact(session, clock, other, [NEW], channel="email", phone="")
    empty = make.make_patient(session, clock, study, "04-003")
    make.keep_contact(session, clock, empty, KEYS, channel="none", phone="", email="")
    assert rotate_keys(session, [NEW, *KEYS]) == 1
    assert rotate_keys(session, [NEW, *KEYS]) == 0
    contact = row(session, kept)
    assert [sealed_with(each) for each in (contact.phone_sealed, contact.email_sealed) if each] == [2, 2]
    found = read_contact(session, [NEW], kept, FOR_SENDING)
    assert found is not None
    assert (found.phone, found.email) == (PHONE, EMAIL)


@pytest.mark.threat("G2")
def test_a_rotation_that_meets_what_does_not_open_names_it(session: Session, kept: Patient) -> None:
    with pytest.raises(SealedTextError, match=f"contact.phone.{kept.id} cannot be opened: key 1 is not in"):
        rotate_keys(session, [NEW])
    with pytest.raises(NoKeyError):
        rotate_keys(session, [])


@given(place=st.integers(1, 9), other=st.integers(1, 9), name=st.sampled_from(["phone", "email"]))
def test_a_seal_holds_for_its_patient_and_column_alone(place: int, other: int, name: str) -> None:
    sealed = seal(KEYS, PHONE, f"contact.phone.{place}")
    if (place, "phone") == (other, name):
        assert unseal(KEYS, sealed, f"contact.{name}.{other}") == PHONE
    else:
        with pytest.raises(SealedTextError):
            unseal(KEYS, sealed, f"contact.{name}.{other}")


def test_statements_behind_the_back_of_the_trail_are_refused(session: Session, kept: Patient) -> None:
    with pytest.raises(BulkStatementError):
        session.execute(update(Contact).values(do_not_contact=False))
    assert session.scalar(text("SELECT count(*) FROM contact")) == 1
