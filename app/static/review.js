// Lays out the review of all answers; survey.js brings it in and hands over what it knows of questions and answers.
"use strict";
// The second tap of a double tap that lands on the next question is no answer to it. A key is no tap.
{
  const form = document.getElementById("survey");
  let last = { timeStamp: -1e4 }, place;
  form.addEventListener("click", (event) => {
    const { timeStamp, clientX, clientY } = event;
    if (!event.detail) return;
    const isNear = event.target.closest("fieldset") && Math.hypot(clientX - last.clientX, clientY - last.clientY) < 40;
    if (isNear && timeStamp - last.timeStamp < 400 && form.getAttribute("action") !== place) {
      event.preventDefault();
      event.stopPropagation();
    } else [last, place] = [{ timeStamp, clientX, clientY }, form.getAttribute("action")];
  }, true);
  // Who has written something since has seen where it is.
  form.addEventListener("input", () => (place = form.getAttribute("action")), true);
}
// The server's own page says what is wrong with an answer that it did not take, and shows it.
async function amend({ form, note, render }, item) {
  await note("sending", false).catch(() => 0);
  render(item);
  form.submit();
}
let checkAt = "blank" in document.getElementById("survey").dataset ? 0 : Date.now() + 6e4;
// Texts that are no longer what was approved go out of sight, once all that was answered is in a safe place.
async function checkWording(settle) {
  if (Date.now() < checkAt) return;
  checkAt = Date.now() + 6e4;
  const reply = await fetch("/survey/review", { method: "HEAD" }).catch(() => (checkAt = 0));
  if (checkAt && reply.headers.has("Wording-Broken") && (await settle())) location.reload();
}
// Once the server has all answers: the language that was chosen meanwhile, the sending that was asked for.
async function conclude({ language, send, fact, note, finish }, isSending) {
  const post = (action, query = "") => send(`/survey/review${query}`, `action=${action}`, "application/x-www-form-urlencoded");
  const chosen = await fact("language");
  if (chosen) {
    // The server takes the other one than the page's.
    if (!(await post("language", `?lang=${chosen === "fr" ? "en" : "fr"}`))) return;
    await note("language");
    if (chosen !== language) location.reload();
  }
  if (isSending) {
    const reply = await post("send");
    if (reply && /\/(survey\/sent|ward)$/.test(reply.url)) await finish(reply.url);
    else if (reply) {
      // Another phone took an answer away.
      await note("sending", false).catch(() => 0);
      location.replace("/survey/review");
    }
  }
}
function renderReview({ $, form, language, isAsked, stateOf, answerOf, numberOf, firstOpen, address, reveal }) {
  function plural(kind, number) {
    const [one, many] = $("forms").dataset[kind].split("|");
    return (new Intl.PluralRules(language).select(number) === "one" ? one : many).replace(/\d+/, number);
  }
  function worded(field) {
    const day = field.querySelector("[type=date]"), [locale, first] = language === "fr" ? ["fr", "1er "] : ["en-GB", "1 "];
    if (day) return day.valueAsDate.toLocaleDateString(locale, { dateStyle: "long", timeZone: "UTC" }).replace(/^1 /, first);
    const box = field.querySelector(":checked");
    if (!box) return answerOf(field);
    return [...box.nextSibling.childNodes].map((each) => each.textContent.trim()).filter(Boolean).join(" – ");
  }

  const counts = { questions: 0, answered: 0, skipped: 0, open: 0 };
  form.querySelectorAll(".part").forEach((part, index) => {
    let recall = "";
    const rows = [...part.children].filter(isAsked).map((field) => {
      const row = $("row").content.firstElementChild.cloneNode(true);
      const text = (where) => (field.querySelector(where) || {}).textContent || "";
      const [said, [number, what], [given, change]] = [row.children[0], row.children[1].children, row.children[2].children];
      const state = stateOf(field), kind = state === "held" ? "answered" : state in counts ? state : "open";
      counts.questions++;
      counts[kind]++;
      row.id = `row-${field.id}`;
      number.textContent = numberOf(field);
      what.id = `text-${field.id}`;
      what.textContent = text(".item");
      if (["", recall].includes(text(".recall"))) said.remove();
      else said.textContent = recall = text(".recall");
      if (state === "answered") given.appendChild(document.createElement("strong")).textContent = worded(field);
      else given.textContent = form.dataset[state === "held" ? "held" : kind];
      change.href = address(field.id, true);
      change.setAttribute("aria-describedby", what.id);
      return row;
    });
    $("review").querySelectorAll("ol")[index].replaceChildren(...rows);
  });
  const told = Object.keys(counts).filter((kind, index) => index < 2 || counts[kind]);
  $("counts").textContent = told.map((kind) => plural(kind, counts[kind])).join(", ");
  const open = firstOpen(), isReady = open === "review";
  reveal("ready", isReady);
  reveal("open", !isReady);
  $("missing").textContent = plural("missing", counts.open);
  $("resume").href = address(open);
}
