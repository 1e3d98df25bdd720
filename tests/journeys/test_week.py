"""A study nurse's week in French on her phone, from the registration to the transfer to another site."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.models import (
    AdverseEventVersion,
    Correction,
    EventDeclaration,
    EventSignature,
    MissingReason,
    SiteStay,
)
from app.services.access import Role
from tests.journeys.conftest import Open
from tests.journeys.desk import NARROW, Desk, decide_and_sign, focused, reach, type_day
from tests.journeys.hospital import PASSWORD
from tests.journeys.steps import FR, ITEMS, answer, answer_from, button, start
from tests.journeys.week import Week, running_week

MON, TUE, WED, THU, FRI = range(5)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """A server of this week's own, in the place of that of the other journeys."""
    with running_week(tmp_path_factory.mktemp("week")) as week:
        yield week


def desk(sign_in: Open, week: Week, role: Role = Role.NURSE) -> Desk:
    """A member of staff who has just signed in on a phone."""
    found = Desk(sign_in(role, "fr", viewport=NARROW), week)
    found.front()
    return found


@pytest.mark.requirement("CLI-01")
@pytest.mark.requirement("CLI-02")
@pytest.mark.requirement("CLI-06")
@pytest.mark.requirement("LINK-06")
def test_monday_a_patient_is_registered_answers_and_is_randomised(
    device: Open, sign_in: Open, hospital: Week
) -> None:
    today, code = hospital.at(MON), "04-901"
    nurse = desk(sign_in, hospital)
    expect(nurse.page.get_by_role("heading", level=1)).to_have_text("Lyon, lundi 26 novembre 2035")
    nurse.follow("Nouveau patient")
    nurse.fill("Code patient", code)
    nurse.fill("Date du consentement", today.isoformat())
    nurse.tick("Français")
    nurse.press("Enregistrer le patient")
    assert nurse.taps == 2
    nurse.reads(code, "Le patient est enregistré. Étape suivante")
    assert hospital.stored(code).language == "fr"

    nurse.front()
    expect(nurse.task(code)).to_contain_text("Lien à donner")
    nurse.press("Donner le lien", nurse.task(code))
    assert nurse.taps == 1
    box = nurse.page.get_by_role("img", name="QR").bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 200
    address = nurse.page.locator("#address").input_value()
    phone = device("fr", viewport=NARROW)
    start(phone, address, FR)
    answer_from(phone, "q01", FR)
    button(phone, FR["send"])
    assert hospital.response(code, "BASELINE").status == "submitted"

    nurse.front()
    expect(nurse.task(code)).to_contain_text("À randomiser")
    nurse.follow("Enregistrer la randomisation", nurse.task(code))
    nurse.fill("Date de randomisation", today.isoformat())
    nurse.tick("Poursuite")
    nurse.press("Vérifier")
    nurse.reads("Rien n’est encore enregistré.", "Poursuite", "14 visites suivront")
    assert hospital.stored(code).arm is None
    nurse.press("Enregistrer la randomisation")
    assert nurse.taps == 3
    nurse.reads("La randomisation est enregistrée.")
    assert hospital.stored(code).arm == "continuation"
    nurse.page.locator("summary", has_text="Visites ultérieures").click()
    expect(nurse.row("Mois 60")).to_contain_text("Pas encore attendu")
    expect(nurse.row("Visite initiale")).to_contain_text("Reçu")


@pytest.mark.requirement("CLI-01")
@pytest.mark.requirement("LINK-06")
def test_tuesday_a_link_goes_by_sms(sign_in: Open, hospital: Week) -> None:
    hospital.at(TUE)
    code = at_month_3(hospital)
    nurse = desk(sign_in, hospital)
    expect(nurse.task(code)).to_contain_text("Lien à donner")
    nurse.follow(code, nurse.task(code))
    nurse.follow("Téléphone, e-mail")
    nurse.fill("Téléphone", "06 39 98 26 04")
    nurse.tick("Par SMS")
    nurse.press("Enregistrer les coordonnées")
    nurse.reads("Les coordonnées sont enregistrées.")
    nurse.follow(code)
    nurse.press("Envoyer par SMS", nurse.row("Mois 3 M3"))
    nurse.reads("Le lien est dans la boîte d’envoi")
    hospital.tick()
    hospital.tick()
    (sent,) = [each for each in hospital.gateway.bodies if each["to"] == "+33639982604"]
    assert "votre questionnaire" in sent["text"]
    assert f"{hospital.url}/l/" in sent["text"]
    assert code not in sent["text"]
    nurse.open(code)
    expect(nurse.row("Mois 3 M3")).to_contain_text("Envoyé par SMS le 27 nov. 2035, pas encore ouvert")
    expect(nurse.page.get_by_role("row", name="Lien pour Mois 3 par SMS")).to_contain_text("Envoyé")


@pytest.mark.requirement("CLI-01")
@pytest.mark.requirement("REM-01")
@pytest.mark.requirement("ALR-02")
def test_thursday_a_reminder_is_answered_and_its_alert_is_dealt_with(
    device: Open, sign_in: Open, hospital: Week
) -> None:
    hospital.at(TUE)
    code = at_month_3(hospital, phone="06 39 98 26 05")
    hospital.tick()
    hospital.at(THU)
    nurse = desk(sign_in, hospital)
    hospital.tick()
    assert [(each.kind, each.ordinal, each.state) for each in hospital.messages(code)] == [
        ("reminder", 0, "sent"),
        ("reminder", 3, "sent"),
    ]
    text = hospital.gateway.bodies[-1]["text"]
    assert "rappel questionnaire" in text
    answer_badly(device("fr", viewport=NARROW), hospital, code, text)
    (alert,) = hospital.alerts(code)
    assert (alert.rule, alert.state, alert.value) == ("emotional-low", "open", 0)
    hospital.tick()
    (mail,) = [each for each in hospital.mailbox.received if each["To"] == nurse.email]
    assert code in mail.get_content()
    assert "motionnel" not in f"{mail['Subject']}{mail.get_content()}"

    nurse.front()
    expect(nurse.page.locator(".task").first).to_contain_text(code)
    expect(nurse.task(code)).to_contain_text("Fonctionnement émotionnel bas, Mois 3")
    nurse.follow("Prendre en charge", nurse.task(code))
    nurse.reads("Fonctionnement émotionnel 0", "25 ou moins")
    nurse.tick("Le patient a été appelé")
    nurse.press("Enregistrer la réponse")
    assert nurse.taps == 2
    nurse.reads("Ce qui a été fait est enregistré.", "Aucune alerte à traiter.")
    nurse.front()
    expect(nurse.task(code)).to_have_count(0)
    (alert,) = hospital.alerts(code)
    assert (alert.state, alert.action, alert.acknowledged_by) == ("acknowledged", "called", nurse.email)


@pytest.mark.requirement("CLI-02")
@pytest.mark.requirement("VIS-03")
def test_wednesday_a_relapse_and_a_restart_bring_visits_of_their_own(sign_in: Open, hospital: Week) -> None:
    today = hospital.at(WED)
    code = hospital.known(60, randomised_days_ago=50).code
    nurse = desk(sign_in, hospital)
    nurse.follow(code)
    nurse.follow("Tous les évènements")
    nurse.follow("Progression")
    assert nurse.taps <= 3
    look_and_record(nurse, today)
    assert hospital.kinds(code) == ["consent", "randomisation", "progression"]
    nurse.follow("Réintroduction du traitement")
    nurse.fill("Date de l’évènement", today.isoformat())
    nurse.press("Vérifier")
    nurse.reads("Rien n’est encore enregistré.", "mercredi 28 novembre 2035", "Visites modifiées 13")
    expect(nurse.row("Reprise, jour 0")).to_have_text(re.compile(r"–\s+28 nov. 2035"))
    assert not {each.code for each in hospital.visits(code)} & {"RI0", "RI60"}
    nurse.press("Enregistrer l’évènement")
    nurse.reads("L’évènement est enregistré et les visites sont à jour.")
    codes = [each.code for each in hospital.visits(code)]
    assert {"RI0", "RI1", "RI60", "M60"} < set(codes)
    assert len(codes) == 28
    nurse.follow(code)
    expect(nurse.row("Reprise, jour 0 RI0")).to_contain_text("Ouvert")
    expect(nurse.row("Reprise, mois 1 RI1")).to_contain_text("Questionnaire rempli avec Mois 3")
    expect(nurse.page.get_by_role("button", name="Remplir ici")).to_have_count(1)


@pytest.mark.requirement("CLI-07")
@pytest.mark.requirement("VIS-03")
def test_wednesday_the_first_questionnaire_of_the_restart_on_the_wards_tablet(
    sign_in: Open, hospital: Week
) -> None:
    hospital.at(WED, 14)
    code = hospital.restarted()
    nurse = desk(sign_in, hospital)
    nurse.follow(code)
    nurse.press("Remplir ici", nurse.row("Reprise, jour 0 RI0"))
    nurse.reads("Ce questionnaire est-il le vôtre ?", code)
    for path in ("/nurse/", f"/nurse/GIST-IMA/{code}"):
        nurse.page.goto(hospital.url + path)
        nurse.look()
        nurse.reads("Votre session est suspendue")
        assert code not in nurse.page.content()
    nurse.page.goto(f"{hospital.url}/ward")
    hospital.give(code, "RI0", dict.fromkeys(ITEMS[:28], 1))
    nurse.press("Oui, commencer")
    for item in ITEMS[28:]:
        answer(nurse.page, item, 6, FR)
    nurse.press(FR["send"])
    nurse.reads("Rendez la tablette à l’infirmière ou à l’infirmier")
    nurse.follow("Pour l’équipe : se reconnecter")
    nurse.fill("Mot de passe", PASSWORD)
    nurse.press("Se reconnecter")
    expect(nurse.row("Reprise, jour 0 RI0")).to_contain_text("Reçu")
    response = hospital.response(code, "RI0")
    assert (response.status, response.place, response.answers["q30"]["value"]) == ("submitted", "ward", 6)


@pytest.mark.requirement("CLI-04")
@pytest.mark.requirement("CLI-06")
def test_thursday_a_paper_sheet_is_printed_and_typed_by_the_keyboard_alone(
    sign_in: Open, hospital: Week
) -> None:
    filled_on = hospital.at(WED)
    hospital.at(THU)
    code = hospital.known(2).code
    nurse = desk(sign_in, hospital)
    nurse.follow(code)
    nurse.follow("Sur papier", nurse.row("Visite initiale"))
    nurse.follow("Feuille vierge à imprimer")
    assert nurse.page.locator(".part .option").count() == 28 * 4 + 2 * 7
    nurse.page.go_back()
    keys = nurse.page.keyboard
    reach(nurse.page, "mode-0")
    keys.press("Space")
    reach(nurse.page, "completed_on")
    type_day(nurse.page, filled_on)
    reach(nurse.page, "helper")
    keys.type("Famille")
    reach(nurse.page, "help_kinds-1")
    keys.press("Space")
    reach(nurse.page, "q01")
    keys.type("1234" * 7 + "-7")
    assert focused(nurse.page) == "remark"
    keys.press("Tab")
    with nurse.page.expect_navigation():
        keys.press("Enter")
    nurse.look()
    nurse.reads("Les réponses sur papier sont enregistrées comme reçues.")
    expect(nurse.row("Visite initiale")).to_contain_text("Reçu")
    sheet = hospital.response(code, "BASELINE")
    assert (sheet.status, sheet.mode, sheet.completed_on) == ("submitted", "paper", filled_on)
    assert (sheet.helper, sheet.help_kinds, sheet.transcribed_by) == ("family", "writing", nurse.email)
    assert [sheet.answers[item].get("value") for item in ITEMS] == [*[1, 2, 3, 4] * 7, None, 7]


@pytest.mark.requirement("CLI-01")
def test_thursday_a_form_that_did_not_come_gets_its_reason_in_two_taps(sign_in: Open, hospital: Week) -> None:
    hospital.at(THU)
    code = hospital.known(40).code
    nurse = desk(sign_in, hospital)
    expect(nurse.task(code)).to_contain_text("le motif manque")
    nurse.follow("Saisir le motif", nurse.task(code))
    nurse.press("Trop malade, selon le patient")
    assert nurse.taps == 2
    nurse.reads("Le motif est enregistré.")
    expect(nurse.row("Visite initiale")).to_contain_text("Trop malade, selon le patient")
    kept = hospital.one(
        select(MissingReason).where(MissingReason.visit_id == hospital.visit(code, "BASELINE").id)
    )
    assert (kept.reason, kept.text) == ("too_ill_patient", None)
    nurse.front()
    expect(nurse.task(code)).to_have_count(0)


@pytest.mark.requirement("AE-05")
def test_friday_a_serious_event_is_drafted_decided_signed_and_declared(sign_in: Open, hospital: Week) -> None:
    began_on = hospital.at(THU)
    hospital.at(FRI)
    code = hospital.known(60, randomised_days_ago=50).code
    nurse = desk(sign_in, hospital)
    nurse.follow(code)
    nurse.follow("Symptômes déclarés et évènements")
    nurse.follow("Préparer un évènement")
    nurse.fill("Chercher un terme", "œdème périorb")
    nurse.press("Chercher")
    nurse.page.locator("[name=term]").first.check()
    nurse.page.locator("[name=grade][value='3']").check()
    nurse.fill("Début", began_on.isoformat())
    nurse.choose("Mesure prise sur le traitement", "Interrompu")
    nurse.choose("Évolution", "Non rétabli")
    nurse.press("Enregistrer")
    nurse.reads("L’évènement est préparé. Un investigateur l’évalue et le signe.")
    assert nurse.page.get_by_role("button", name="Signer").count() == 0

    doctor = desk(sign_in, hospital, Role.INVESTIGATOR)
    decide_and_sign(doctor, code, f"{hospital.clock.now():%Y-%m-%dT%H:%M}")
    nurse.front()
    expect(nurse.task(code)).to_contain_text("grave : à déclarer au promoteur")
    nurse.follow("Saisir la déclaration", nurse.task(code))
    nurse.choose("Moyen d’envoi", "Portail du promoteur")
    nurse.press("Enregistrer l’envoi")
    nurse.reads("L’envoi au promoteur est enregistré.")
    version = hospital.all(select(AdverseEventVersion).order_by(AdverseEventVersion.id))[-1]
    assert (version.term, version.grade, version.is_serious) == ("Periorbital edema", 3, True)
    assert (version.criteria, version.causes) == (["hospitalisation"], ["imatinib"])
    signature, sent = hospital.one(select(EventSignature)), hospital.one(select(EventDeclaration))
    assert (signature.version_number, signature.account) == (version.number, doctor.email)
    assert (sent.version_number, sent.channel) == (version.number, "portal")
    nurse.front()
    expect(nurse.task(code)).to_have_count(0)


@pytest.mark.requirement("AUD-02")
def test_friday_the_investigator_corrects_an_answer(sign_in: Open, hospital: Week) -> None:
    hospital.at(FRI)
    patient = hospital.known(60, randomised_days_ago=50)
    doctor = desk(sign_in, hospital, Role.INVESTIGATOR)
    doctor.follow(patient.code)
    doctor.follow("Réponses envoyées et leurs corrections")
    doctor.follow("Visite initiale – QLQ-C30")
    doctor.follow("Corriger")
    doctor.page.locator("[name=answer][value='3']").check()
    doctor.choose("Source", "Le patient, par téléphone")
    doctor.choose("Demandée par", "Le patient")
    doctor.fill("Motif", "S’est trompé de ligne")
    doctor.press("Continuer")
    doctor.fill("Vos prénom et nom", "Dr A. Martin")
    doctor.fill("Votre mot de passe", PASSWORD)
    doctor.press("Signer et enregistrer")
    doctor.reads("La correction est enregistrée.", "1 – Non → 3 – Oui, nettement", "Signature valide")
    correction = hospital.one(select(Correction).where(Correction.patient_id == patient.id))
    assert (correction.item, correction.old["value"], correction.new["value"]) == ("q01", 1, 3)
    assert hospital.response(patient.code, "BASELINE").answers["q01"]["value"] == 1


@pytest.mark.requirement("VIS-08")
def test_friday_the_data_manager_moves_a_patient_to_another_site(sign_in: Open, hospital: Week) -> None:
    today = hospital.at(FRI)
    patient = hospital.known(60, randomised_days_ago=50)
    nurse, manager = desk(sign_in, hospital), desk(sign_in, hospital, Role.DATA_MANAGER)
    nurse.open(patient.code)
    manager.open(patient.code)
    manager.follow("Changement de centre")
    manager.choose("Nouveau centre", "CHU de Besançon")
    manager.fill("Premier jour dans le nouveau centre", today.isoformat())
    confirm_transfer(manager)
    manager.reads("Le changement de centre est enregistré")
    moved = hospital.stored(patient.code)
    stays = hospital.all(select(SiteStay).where(SiteStay.patient_id == moved.id).order_by(SiteStay.from_on))
    assert moved.code == patient.code
    assert [each.from_on for each in stays][-1] == today
    assert stays[-1].site_id == moved.site_id != stays[0].site_id
    nurse.front()
    expect(nurse.page.get_by_role("main")).not_to_contain_text(patient.code)
    nurse.open(patient.code)
    nurse.reads("Cette page n’existe pas")


def look_and_record(nurse: Desk, on: date) -> None:
    """Records an event of which the form is open, after the second look."""
    nurse.fill("Date de l’évènement", on.isoformat())
    nurse.press("Vérifier")
    nurse.reads("Rien n’est encore enregistré.")
    nurse.press("Enregistrer l’évènement")
    nurse.reads("L’évènement est enregistré et les visites sont à jour.")


def confirm_transfer(manager: Desk) -> None:
    """Records a transfer whose form is filled in."""
    manager.press("Vérifier")
    manager.reads("Rien n’est encore enregistré.", "CHU de Besançon")
    manager.press("Enregistrer le changement de centre")


def at_month_3(week: Week, phone: str = "") -> str:
    """The code of a patient whose visit of month 3 opened on Monday."""
    return week.known(84, randomised_days_ago=78, phone=phone).code


def answer_badly(phone: Page, week: Week, code: str, text: str) -> None:
    """Opens the address in a message and gives the worst answers to the last ten questions."""
    (address,) = re.findall(r"https?://\S+", text)
    week.give(code, "M3", dict.fromkeys(ITEMS[:20], 2))
    start(phone, address, FR)
    answer_from(phone, ITEMS[20], FR, 4)
    button(phone, FR["send"])
