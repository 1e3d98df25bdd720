"""What waits on a phone is sealed: neither a question nor an answer can be read where a browser keeps it."""

import pytest
from playwright.sync_api import Page

from app.models import Patient
from tests import factories
from tests.journeys.conftest import Open
from tests.journeys.hospital import Hospital
from tests.journeys.steps import FR, choose, is_at, is_kept, start, tap, until
from tests.journeys.test_offline import KEPT, answers, arrives, says

WORDS = "gêne au réveil"
# What a page keeps: names and texts as they are, bytes as the text that they would be, and the keys. A number
# may be written in many ways, but what it answers is named by a text.
HELD = """async () => {
  const wait = (it) => new Promise((done, fail) => {
    [it.onsuccess, it.onerror] = [() => done(it.result), fail];
  });
  const isBytes = (it) => it instanceof ArrayBuffer || ArrayBuffer.isView(it);
  const texts = [], keys = [], opened = { own: [], other: [], none: [] };
  const decoded = (bytes) => ["utf-8", "utf-16le"].map((each) => new TextDecoder(each).decode(bytes));
  const read = (it) => {
    if (it instanceof CryptoKey) keys.push(it);
    else if (isBytes(it)) texts.push(...decoded(it));
    else if (it instanceof Map || it instanceof Set) [...it.entries()].forEach(read);
    else if (it && typeof it === "object") Object.entries(it).flat().forEach(read);
    else texts.push(`${it}`);
  };
  const db = await wait(indexedDB.open("ressenti"));
  const store = (name) => db.transaction(name).objectStore(name);
  for (const each of db.objectStoreNames) {
    read(await wait(store(each).getAll()));
    read(await wait(store(each).getAllKeys()));
  }
  [localStorage, sessionStorage].forEach((each) => read({ ...each }));
  const open = async (row, bound) => {
    const bytes = Object.values(row).filter(isBytes);
    const bind = bound && { additionalData: new TextEncoder().encode(bound) };
    const iv = bytes.find((each) => each.byteLength === 12), data = bytes.find((each) => each !== iv);
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv, ...bind }, keys[0], data);
    return new TextDecoder().decode(plain);
  };
  const names = document.querySelector("[data-draft]").dataset.draft;
  for (const row of await wait(store("queue").getAll())) {
    const own = names.startsWith(row.draft) && row.draft, other = [...row.draft].reverse().join("");
    for (const [name, bound] of Object.entries({ own, other, none: "" })) {
      opened[name].push(await open(row, bound).catch(() => "sealed"));
    }
  }
  db.close();
  return { texts, ...opened, keys: keys.map(({ extractable, algorithm }) => [extractable, algorithm.name]) };
}"""


def with_two_answers(page: Page, hospital: Hospital) -> Patient:
    """A phone without a network that keeps a code and words; the patient."""
    patient = hospital.patient()
    factories.get_visit(hospital.session, patient).questionnaires = ["qlq-c30", "symptoms"]
    hospital.session.commit()
    start(page, hospital.link(patient), FR)
    page.goto(f"{hospital.url}/survey/other")
    is_kept(page)
    page.context.set_offline(True)
    choose(page, "other", 1)
    tap(page, FR["next"])
    is_at(page, "othertext")
    page.locator("textarea:visible").fill(WORDS)
    says(page, KEPT)
    until(page, "waiting === 2")
    return patient


@pytest.mark.requirement("SUR-08")
@pytest.mark.requirement("SUR-13")
@pytest.mark.threat("D8")
def test_what_waits_on_a_phone_cannot_be_read_there(device: Open, hospital: Hospital) -> None:
    page = device()
    patient = with_two_answers(page, hospital)
    held = page.evaluate(HELD)
    told = [each for each in held["texts"] if any(word in each for word in ("other", WORDS, "answered"))]
    assert told == []
    # One key for all, which no script can take out.
    assert held["keys"] == [[False, "AES-GCM"]]
    # It opens what waits for this link, and nothing of it as if it were another's.
    assert [('"other"' in each, WORDS in each) for each in held["own"]] == [(True, False), (False, True)]
    assert held["other"] == held["none"] == ["sealed", "sealed"]
    arrives(page)
    assert answers(hospital, patient) == {"other": 1, "othertext": WORDS}
