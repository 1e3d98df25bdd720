"""How a phone gets into each state that is no plain question: name -> (what to do, what is in sight then)."""

from collections.abc import Callable
from http import HTTPStatus

from app.forms.display import COLOURS, CONTRASTS, SIZES
from app.patient import display
from app.services.codes import TRIES
from app.services.questionnaires import Questionnaire
from scripts.dossier.people import holds
from scripts.dossier.phone import Phone
from scripts.dossier.study import ScratchStudy

States = dict[str, tuple[Callable[[Phone], object], str]]
NO_STORE = "Object.defineProperty(window, 'indexedDB', { value: undefined });"
PLAIN = "body:not(:has(#start, #survey, #code)) h1"
# Has a form too, which says what becomes of answers that wait on the phone.
BROKEN = "main:has(#start[data-saved]) h1"
CONTINUE, SEND = "#steps .primary", "#ready .primary"
SAVED = "#saved:not(:empty)"
LEFT_OPEN, DAY_TO_COME = 5, "2199-01-01"
DISPLAY = (SIZES[-1], CONTRASTS[-1], COLOURS[-1])


class Survey:
    """The questionnaires of a visit, and what a phone does in them."""

    def __init__(self, study: ScratchStudy, codes: tuple[str, ...]) -> None:
        self._codes = codes
        self.questions = [each for code in codes for each in study.questionnaire(code).questions]
        self.first = self.questions[0]

    def link(self, phone: Phone, leave: int | None = None) -> str:
        """A new patient's link."""
        return phone.people.link(phone.language, self._codes, leave)

    def coded_link(self, phone: Phone) -> str:
        """A new patient's link that asks for the code of the card."""
        return phone.people.coded_link(phone.language, self._codes)

    def hold_tablet(self, phone: Phone) -> None:
        """Holds the ward's tablet as a new patient."""
        phone.be_handed(self._codes)

    def begin(self, phone: Phone, leave: int | None = None) -> str:
        """Starts from a new patient's link."""
        path = self.link(phone, leave)
        phone.begin(path)
        return path

    def answer(self, phone: Phone) -> None:
        """Begins and answers the first question, which the hospital then has."""
        self.begin(phone)
        phone.choose(self.first)
        phone.says("saved")


def before(survey: Survey) -> States:
    """Until the first question."""

    def display_open(phone: Phone) -> None:
        phone.go(survey.link(phone))
        phone.tap("details.display summary")

    def display_chosen(phone: Phone) -> None:
        phone.set_cookie(display.COOKIE, ".".join(DISPLAY))
        survey.begin(phone)

    def no_network(phone: Phone) -> None:
        survey.begin(phone)
        phone.has_copy()
        phone.lose_network()
        phone.go("/l/another-link", HTTPStatus.SERVICE_UNAVAILABLE)

    return {
        "welcome": (lambda phone: phone.go(survey.link(phone)), "#start"),
        "welcome-code": (lambda phone: phone.go(survey.coded_link(phone)), "#code"),
        "welcome-again": (lambda phone: phone.go(survey.link(phone, LEFT_OPEN)), "#start .notice"),
        "display": (display_open, "details.display form"),
        "display-chosen": (display_chosen, "html[class] #survey"),
        "not-yet": (lambda phone: phone.go(phone.people.early_link(phone.language)), PLAIN),
        "expired": (lambda phone: phone.go(phone.people.late_links[phone.language], HTTPStatus.GONE), PLAIN),
        "unknown": (lambda phone: phone.go("/l/unknown", HTTPStatus.NOT_FOUND), PLAIN),
        "wording-broken": (
            lambda phone: phone.go(phone.people.broken_links[phone.language], HTTPStatus.SERVICE_UNAVAILABLE),
            BROKEN,
        ),
        "signed-out": (lambda phone: phone.go(f"/survey/{survey.first.id}", HTTPStatus.UNAUTHORIZED), PLAIN),
        "no-network": (no_network, "section[lang=en] h2"),
    }


def answering(survey: Survey) -> States:
    """From the first question to the last."""

    def ask(phone: Phone) -> None:
        survey.begin(phone)
        phone.tap(CONTINUE)

    def passed(phone: Phone) -> None:
        ask(phone)
        phone.tap("#ask button")
        phone.tap("#back")

    def error(phone: Phone) -> None:
        survey.begin(phone)
        phone.give_no_answer()

    def again(phone: Phone) -> None:
        phone.people.end_session(survey.begin(phone))
        phone.choose(survey.first)

    def ended(phone: Phone) -> None:
        phone.people.revoke(survey.begin(phone))
        phone.choose(survey.first)

    return {
        "answered": (survey.answer, SAVED),
        "ask": (ask, "#ask"),
        "passed": (passed, "#passed"),
        "error": (error, "#error"),
        **_free_text(survey),
        **_offline(survey),
        "again": (again, "#again"),
        "ended": (ended, "#ended"),
    }


def _offline(survey: Survey) -> States:
    """Without a network."""

    def answered(phone: Phone, said: str = "kept") -> None:
        survey.begin(phone)
        phone.lose_network()
        phone.choose(survey.first)
        phone.says(said)

    def held(phone: Phone) -> None:
        survey.answer(phone)
        phone.has_copy()
        phone.lose_network()
        phone.page.reload()

    def unsaved(phone: Phone) -> None:
        phone.fresh(script=NO_STORE)
        answered(phone, "unsaved")

    return {"offline": (answered, SAVED), "held": (held, "#held"), "unsaved": (unsaved, "#nostore")}


def _free_text(survey: Survey) -> States:
    """The question that is answered in words, where there is one."""
    texts = [each for each in survey.questions if each.kind == "text"]
    leads = [
        each
        for each in survey.questions
        if texts and texts[0].condition and each.id == texts[0].condition.item
    ]

    def written(phone: Phone) -> None:
        survey.begin(phone)
        for question in (*leads, texts[0]):
            phone.step(question.id)
            phone.give(question)
        phone.tap("h1")
        phone.says("saved")

    def too_long(phone: Phone) -> None:
        written(phone)
        phone.give_no_answer("a " * (texts[0].max_length or 0))

    return {"free-text": (written, SAVED), "text-error": (too_long, "#error")} if texts else {}


def sending(survey: Survey) -> States:
    """The review and what follows it."""

    def review(phone: Phone, leave: int = 0) -> str:
        path = survey.begin(phone, leave)
        phone.go("/survey/review")
        return path

    def sending_offline(phone: Phone) -> None:
        review(phone)
        phone.lose_network()
        phone.tap(SEND)

    def sent(phone: Phone) -> str:
        path = review(phone)
        phone.tap(SEND)
        phone.shows("#thanks")
        return path

    def already_sent(phone: Phone) -> None:
        path = sent(phone)
        phone.fresh()
        phone.go(path)

    return {
        "review-open": (lambda phone: review(phone, LEFT_OPEN), "#open"),
        "review": (review, "#ready"),
        "sending-offline": (sending_offline, "#later"),
        "sent": (sent, "#thanks"),
        "already-sent": (already_sent, "#thanks"),
    }


def on_ward(survey: Survey) -> States:
    """On the ward's tablet, from the nurse's hand to the patient's and back."""

    def stop(phone: Phone) -> None:
        survey.hold_tablet(phone)
        phone.leave("main form .primary")
        phone.leave(".foot a.second")

    def back(phone: Phone) -> None:
        stop(phone)
        phone.leave("#start .primary")

    return {
        "ward": (survey.hold_tablet, "main form [name=mine]"),
        "ward-stop": (stop, "#start .primary"),
        "ward-back": (back, PLAIN),
    }


def personal() -> States:
    """Until the first question of a report between visits."""

    def typed(phone: Phone, wrong: str = "") -> str:
        path, code = phone.people.personal_link(phone.language)
        phone.go(path)
        phone.type_code(wrong or f"{(int(code) + 1) % 10**6:06}")
        return path

    def locked(phone: Phone) -> None:
        path = typed(phone)
        for _ in range(1, TRIES):
            phone.type_code("0" * 6)
        phone.go(path, HTTPStatus.TOO_MANY_REQUESTS)

    def locked_for_good(phone: Phone) -> None:
        path, _ = phone.people.personal_link(phone.language)
        phone.people.lock_for_good(path)
        phone.go(path, HTTPStatus.FORBIDDEN)

    return {
        "personal": (lambda phone: phone.go(phone.people.personal_link(phone.language)[0]), "#code"),
        "personal-short": (lambda phone: typed(phone, "12"), "#code-fault"),
        "personal-refused": (typed, "#code:not([aria-invalid])"),
        "personal-locked": (locked, PLAIN),
        "personal-locked-for-good": (locked_for_good, PLAIN),
    }


def reporting(asked: Questionnaire) -> States:
    """The end of a report between visits, and the refused day of its beginning."""

    def answered(phone: Phone, until: str = "") -> None:
        phone.begin_report()
        given: dict[str, int | str | None] = {}
        for question in asked.questions:
            if question.kind == until:
                return phone.step(question.id)
            if holds(question, given):
                phone.step(question.id)
                given[question.id] = phone.give(question)
        return phone.says("saved")

    def day_to_come(phone: Phone) -> None:
        answered(phone, "date")
        phone.give_no_answer(DAY_TO_COME)

    def review(phone: Phone) -> None:
        answered(phone)
        phone.step("review")

    def sent(phone: Phone) -> None:
        review(phone)
        phone.tap(SEND)

    def over(phone: Phone) -> None:
        phone.people.end_report(phone.begin_report())
        phone.go("/survey/review", HTTPStatus.GONE)

    return {
        "date-error": (day_to_come, "#error"),
        "report-review": (review, "#ready"),
        "report-sent": (sent, "#thanks"),
        "report-over": (over, PLAIN),
    }
