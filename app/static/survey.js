// The survey in one document (docs/decisions/0005). Words stand there; a phone keeps an answer until the server has it.
"use strict";
{
  const $ = (id) => document.getElementById(id);
  const form = $("survey") || $("start") || $("thanks");
  const { draft: names = "", blank, alone } = form ? form.dataset : {}, isBlank = blank === "", begins = "begins";
  // One question alone is for where no script runs, as it seemed before.
  if (alone === "") location.replace(`${location.pathname}?whole`);
  const bytes = (text) => new TextEncoder().encode(text);
  const random = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

  // What waits on the phone: sealed for one visit, whichever of its links it came by.
  const own = names.slice(0, 16);
  let draft = own;
  const wait = (it) => new Promise((done, fail) => {
    it.onsuccess = it.oncomplete = () => done(it.result);
    it.onabort = it.onerror = () => fail(it.error);
  });
  const cipher = (iv) => ({ name: "AES-GCM", iv, additionalData: bytes(draft) });
  const all = ["queue", "facts"], storesOf = (change) => all.map((each) => change.objectStore(each));
  let db, mine = { device: random() }, unkept = [], count = 0;
  async function openStore() {
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const request = indexedDB.open("ressenti", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("queue", { autoIncrement: true });
      request.result.createObjectStore("facts");
    };
    const opened = await wait(request), change = opened.transaction(all, "readwrite"), [queue, facts] = storesOf(change);
    let kept = await wait(facts.get("mine"));
    if (!kept || kept.draft !== draft) {
      // Before another visit begins, what waits of the former one goes by the session that is still its own.
      if ($("start") && kept) [db, mine, draft] = [opened, kept, kept.draft];
      if (!$("survey")) return;
      queue.clear();
      facts.clear();
      facts.put((kept = { draft, key, ...mine }), "mine");
      await wait(change);
      // A document without answers is this link's own copy.
      if (!isBlank) await caches.delete("ressenti");
    }
    [db, mine] = [opened, kept];
  }
  async function write(use) {
    const change = db.transaction(all, "readwrite");
    use(...storesOf(change));
    await wait(change);
  }
  async function eraseAll() {
    if (!db) return;
    await write((queue, facts) => [queue.clear(), facts.clear()]);
    await caches.delete("ressenti");
  }
  async function seal(data) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return { draft, iv, data: await crypto.subtle.encrypt(cipher(iv), mine.key, bytes(JSON.stringify(data))) };
  }
  const unseal = async ({ iv, data }) =>
    JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(cipher(iv), mine.key, data)));
  const note = (name, value) => write((_, facts) => facts.put(value, name + draft));
  const fact = async (name) => db && wait(db.transaction("facts").objectStore("facts").get(name + draft));
  async function keep(entry) {
    try {
      const sealed = await seal(entry);
      await write((queue) => queue.add(sealed));
    } catch {
      if (db) [db, mine] = [null, { device: random() }];
      unkept.push({ ...entry, sequence: ++count });
    }
  }
  async function waiting() {
    if (!db) return unkept;
    const queue = db.transaction("queue").objectStore("queue");
    const [keys, rows] = await Promise.all([wait(queue.getAllKeys()), wait(queue.getAll())]);
    const found = [];
    for (const row of rows) {
      const sequence = keys.shift();
      if (row.draft === draft) found.push({ ...(await unseal(row)), sequence });
    }
    return found;
  }
  async function forget(sequences) {
    unkept = unkept.filter((each) => !sequences.includes(each.sequence));
    if (!db) return;
    await write((queue) => sequences.forEach((each) => queue.delete(each)));
    await remember();
  }

  // The way to the server.
  let isBusy, isAgain, isFailing, isOver, isSending, pause = 1, timer;
  const isOffline = () => isFailing || !navigator.onLine;
  async function send(url, body, type) {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 2e4);
    const headers = { "Content-Type": type, "X-CSRFToken": form.csrf_token.value };
    const reply = await fetch(url, { method: "POST", body, headers, signal: stop.signal });
    if (reply.ok) return reply;
    if ([401, 410].includes(reply.status)) show(reply.status === 401 ? "again" : "ended", (isOver = true));
    else if (reply.status === 400 && !sessionStorage[draft]) {
      // A fresh document has a fresh token.
      sessionStorage[draft] = isOver = true;
      location.reload();
    } else if (reply.headers.has("Wording-Broken")) location.reload((isOver = true));
    else throw reply.status;
  }
  async function exchange() {
    for (let found; (found = await waiting()).length;) {
      // Of each question the last answer: all that was typed on the way there would be too long for a request.
      const answers = [...new Map(found.map((each) => [each.item, each])).values()];
      const body = { device: mine.device, now: new Date().toISOString(), answers };
      const reply = await send("/survey/answers", JSON.stringify(body), "application/json");
      if (!reply) return;
      const { state, saved_at: at, refused } = await reply.json();
      delete sessionStorage[draft];
      await forget(found.map(({ sequence }) => sequence));
      if (state !== "open") return draft === own && finish();
      const wrong = answers.find(({ item, sequence }) => refused.includes(sequence) && $(item));
      if (wrong) return loaded(isOver = true).then(() => amend(tools, wrong.item));
      say("saved", at);
    }
    if ($("survey") && (isSending || (await fact("language")))) await loaded().then(() => conclude(tools, isSending));
  }
  async function sync() {
    clearTimeout(timer);
    isAgain = isBusy;
    if (isBusy || isOver) return;
    isBusy = true;
    const slow = setTimeout(sayKept, 1500);
    try {
      await (navigator.locks ? navigator.locks.request("ressenti", exchange) : exchange());
      [isFailing, pause] = [false, 1];
      show("later", false);
      if (here === "review") review();
      if (more) loaded().then(() => checkWording(settle)).catch(() => 0);
    } catch {
      isFailing = true;
      pause = Math.min(pause * 2, 60);
      timer = setTimeout(sync, pause * 1000);
      sayKept();
      show("later", isSending);
    }
    clearTimeout(slow);
    isBusy = false;
    if (isAgain) sync();
  }
  async function settle() {
    giveTexts();
    await queue;
    return db || !unkept.length;
  }
  const sayKept = async () => ((await waiting()).length || isSending) && say(db ? "kept" : "unsaved");
  async function finish(to = "/survey/sent") {
    isOver = true;
    await eraseAll().catch(() => 0);
    location.replace(to);
  }

  const show = (id, isShown) => $(id) && ($(id).hidden = !isShown);
  function say(kind, at) {
    const line = $("saved"), text = line && form.dataset[kind].replace("{}", at);
    if (line && line.textContent !== text) line.textContent = text;
  }
  async function remember() {
    if (!$("survey")) return;
    const ids = (is) => fields.filter(is).map(({ id }) => id);
    const settled = ids((each) => settling.includes(stateOf(each)));
    await note("places", await seal({ settled, gone: ids((each) => isAsked(each) === false) }));
  }

  // The questions.
  const fields = form ? [...form.querySelectorAll("fieldset")] : [];
  const language = document.documentElement.lang;
  const settling = ["answered", "skipped", "held"];
  const drafts = new Map(), touched = new Set();
  let here, pressed;
  function answerOf(field) {
    const box = field.querySelector("textarea, [type=date]") || field.querySelector(":checked");
    if (!box || !box.value.trim()) return null;
    return box.type === "radio" && /^\d+$/.test(box.value) ? +box.value : box.value;
  }
  const stateOf = (field) => (answerOf(field) === null ? field.dataset.state : "answered");
  // True, false, or undefined while the leading question is open.
  function isAsked(field) {
    if (!field.dataset.if) return true;
    const [, id, sign, bound] = /^(\w+)([>=])(.*)$/.exec(field.dataset.if);
    const lead = $(id), is = isAsked(lead), value = answerOf(lead);
    if (!is) return is;
    if (value !== null) return sign === ">" ? value > +bound : `${value}` === bound;
    const state = lead.dataset.state;
    return state === "held" ? field.dataset.state !== "gone" : state === "skipped" ? false : undefined;
  }
  const numberOf = (field, all = [...field.parentNode.children]) =>
    all.slice(0, all.indexOf(field) + 1).filter((each) => !("same" in each.dataset)).length;
  const isOpen = (field) => isAsked(field) !== false && !settling.includes(stateOf(field));
  const next = (list) => (list.find((each) => isAsked(each) !== false) || {}).id;
  const after = () => next(fields.slice(fields.indexOf($(here)) + 1)) || "review";
  const before = () => next(fields.slice(0, Math.max(0, fields.indexOf($(here)))).reverse());
  const firstOpen = () => (fields.find(isOpen) || { id: "review" }).id;
  const address = (place, isBack) => `/survey/${place}${isBack ? "?back=review" : ""}`;
  const comesFromReview = () => location.search.includes("back=review");
  function fill(field, state, value) {
    for (const each of field.querySelectorAll("input:not([type=search]), textarea")) {
      if (each.type === "radio") each.checked = state === "answered" && each.value === `${value}`;
      else each.value = state === "answered" ? value : "";
    }
    field.dataset.state = state === "answered" ? "" : state;
  }
  function give(field, state) {
    const value = state === "answered" ? answerOf(field) : null;
    fill(field, state, value);
    drafts.delete(field);
    touched.add(field.id);
    for (const id of ["ask", "passed", "held", "error"]) show(id, false);
    const entry = { item: field.id, state, value, language, at: new Date().toISOString() };
    queue = queue.then(() => keep(entry)).then(() => {
      if (isOffline()) sayKept();
      sync();
    });
  }
  function giveText(field) {
    if (!drafts.has(field)) return;
    clearTimeout(drafts.get(field));
    if (answerOf(field) !== null) give(field, "answered");
    else if (field.dataset.state !== "erased") give(field, "erased");
  }
  const giveTexts = () => [...drafts.keys()].forEach(giveText);

  // One place at a time.
  function go(place, isBack) {
    history.pushState(null, "", address(place, isBack));
    render(place, true);
  }
  function render(place, isMove) {
    here = place;
    const field = $(place).matches("fieldset") && $(place), part = field && field.parentNode.dataset;
    for (const each of fields) each.hidden = each.disabled = each !== field;
    const state = field && stateOf(field), heading = $("place");
    if (isMove) {
      for (const id of ["ask", "error"]) show(id, false);
      show("passed", state === "skipped");
      show("held", state === "held");
      heading.textContent = field ? part.line.replace("{}", numberOf(field)) : form.dataset.review;
      heading.className = field ? "" : "title";
      document.title = `${heading.textContent} – ${form.dataset.study}`;
      if (!field) review();
    }
    show("review", !field);
    show("steps", field);
    show("full", field && "symptoms" in part);
    show("brief", !field || !("symptoms" in part));
    const back = before();
    show("back", field && back);
    if (back) $("back").href = address(back);
    form.action = address(place, field && comesFromReview());
    if (!isMove) return;
    const spoken = field ? field.querySelector("legend") : heading;
    spoken.tabIndex = -1;
    scrollTo(0, 0);
    spoken.focus({ preventScroll: true });
  }
  // The review has a script of its own, which comes after the page: the first question is there sooner.
  let more;
  const loaded = () => (more = more || new Promise((done, fail) => {
    const script = document.head.appendChild(document.createElement("script"));
    script.onload = done;
    script.onerror = () => fail((more = null));
    script.src = form.dataset.more;
  }));
  const review = () => loaded().then(() => renderReview(tools)).catch(() => 0);
  const tools = { $, form, language, isAsked, stateOf, answerOf, numberOf, firstOpen, address, reveal: show, send, fact, note, render, settle, finish };
  function placeOf() {
    const place = location.pathname.split("/").pop(), field = $(place);
    if (location.pathname.startsWith("/l/")) return firstOpen();
    if (place === "review") return place;
    return fields.includes(field) && isAsked(field) !== false ? place : firstOpen();
  }

  // What a finger or a key does.
  const actions = {
    next(field) {
      if (isOpen(field)) {
        show("ask", true);
        $("ask").focus();
      } else go(comesFromReview() ? "review" : after());
    },
    skip(field) {
      give(field, "skipped");
      actions.next(field);
    },
    erase: (field) => give(field, "erased"),
    send() {
      isSending = true;
      queue = queue.then(() => db && note("sending", true)).then(sync);
    },
  };
  function press(event) {
    const action = pressed ? pressed.value : "next";
    giveTexts();
    if (action === "language") {
      const { lang } = pressed, isLocal = isOffline(), to = `/survey/${here}?lang=${lang}`;
      queue.then(() => db && note("language", isLocal ? lang : "")).then(() => db && isLocal && location.assign(to));
      if (!isLocal) return;
    } else actions[action]($(here));
    event.preventDefault();
  }
  function follow(event) {
    const link = event.target.closest("a[href^='/survey/']");
    pressed = event.target.closest("button");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    giveTexts();
    const to = new URL(link.href);
    go(to.pathname.split("/").pop(), to.search);
  }
  function type(event) {
    const field = event.target.closest("fieldset");
    if (event.target.type === "radio") return give(field, "answered");
    clearTimeout(drafts.get(field));
    drafts.set(field, setTimeout(giveText, 1000, field));
  }
  async function restore() {
    if (isBlank) {
      const sealed = await fact("places");
      const { settled = [], gone = [] } = sealed ? await unseal(sealed) : {};
      for (const id of settled) $(id).dataset.state = "held";
      for (const id of gone) $(id).dataset.state = "gone";
    }
    const kept = await waiting();
    for (const { item, state, value } of kept) if ($(item) && !touched.has(item)) fill($(item), state, value);
    isSending = await fact("sending");
    if (isBlank || kept.length) {
      const place = sessionStorage[begins] ? firstOpen() : placeOf();
      history.replaceState(null, "", address(place, comesFromReview()));
      render(place, true);
    }
    delete sessionStorage[begins];
    await remember();
  }
  function keepCopy() {
    if (!db || isBlank || !navigator.serviceWorker) return;
    navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready)
      .then(({ active }) => active.postMessage({ draft: names, edition: form.dataset.edition, language, first: fields[0].id })).catch(() => 0);
  }

  let queue = Promise.resolve();
  if ($("survey")) {
    form.addEventListener("click", follow);
    form.addEventListener("submit", press);
    form.addEventListener("input", type);
    form.addEventListener("change", giveTexts);
    addEventListener("popstate", () => render(placeOf(), true));
    addEventListener("pagehide", giveTexts);
    addEventListener("online", keepCopy);
    addEventListener("pageshow", (event) => event.persisted && isOver && location.replace("/survey/sent"));
    here = placeOf();
    if (!isBlank) render(here);
    // What the server did not take is given again, changed or not.
    if ($("error") && answerOf($(here)) !== null) drafts.set($(here));
    queue = openStore().then(restore).catch(() => show("nostore", true));
    addEventListener("load", () => queue.then(keepCopy).then(loaded).catch(() => 0));
  } else if (form) {
    if ($("start")) form.addEventListener("submit", () => (sessionStorage[begins] = 1));
    queue = openStore().then(() => $("thanks") && eraseAll()).catch(() => 0);
  }
  if ($("survey") || $("start")) {
    queue.then(sync);
    addEventListener("online", sync);
    document.addEventListener("visibilitychange", () => (giveTexts(), document.hidden || sync()));
  }

  // How pages look: few change it, so its script comes when it is asked for, or was chosen before.
  const look = document.querySelector(".display");
  const addLook = () => (document.head.appendChild(document.createElement("script")).src = look.dataset.script);
  if (look && document.cookie.includes("ressenti_display=")) addLook();
  else if (look) look.addEventListener("toggle", addLook, { once: true });
}
