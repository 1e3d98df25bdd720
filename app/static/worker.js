// Lets a questionnaire open without a network, from a copy of its document that holds no answer.
// FACTS stands before this file where it is served: the patient's assets, and a page for when there is no copy.
"use strict";
const CACHE = "ressenti", KEPT = "/survey/kept", LIMIT = 4000, LANGUAGES = ["fr", "en"];
let turn = Promise.resolve();

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => {
  turn = turn.then(() => keep(event.data)).catch(() => 0);
  event.waitUntil(turn);
});

self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.mode !== "navigate") {
    if (request.method === "GET" && FACTS.assets.includes(url.pathname)) event.respondWith(asset(request));
  } else if (request.method === "GET" && /^\/(survey|l)\//.test(url.pathname)) event.respondWith(visit(request, url));
  else if (request.method === "POST" && url.pathname.startsWith("/survey/")) event.respondWith(submit(request, url));
});

async function kept() {
  const found = await caches.match(KEPT);
  return found && found.json();
}

const write = (cache, facts) => cache.put(KEPT, new Response(JSON.stringify(facts)));

// Both languages and all that they need, as one edition. Everything is fetched before anything is kept, the facts make
// it the copy, and only then goes what was there before: a failure on the way takes nothing away. A page that erases
// the cache meanwhile is right: what is written afterwards goes with it.
async function keep({ draft, edition, language, first }) {
  const cache = await caches.open(CACHE), before = await kept();
  if (before && before.draft === draft && before.edition === edition) {
    if (before.language !== language) await write(cache, { ...before, language });
    return;
  }
  const documents = await fetchAll(LANGUAGES.map((each) => `/survey/${first}?blank=1&lang=${each}`));
  const texts = await Promise.all(documents.map((each) => each.clone().text()));
  if (!texts.every((each) => each.includes(draft))) return;
  // As these documents name them: the release may have changed since this worker began.
  const addresses = [...new Set(texts.flatMap((each) => each.match(/\/static\/[^"]+/g)))];
  const names = [...LANGUAGES.map((each) => `${KEPT}/${edition}/${each}`), ...addresses];
  const replies = [...documents, ...(await fetchAll(addresses))];
  await Promise.all(names.map((each, index) => cache.put(each, replies[index])));
  await write(cache, { draft, edition, language });
  const isOld = ({ url }) => ![KEPT, ...names].includes(url.slice(location.origin.length));
  await Promise.all((await cache.keys()).filter(isOld).map((each) => cache.delete(each)));
}

async function fetchAll(addresses) {
  const replies = await Promise.all(addresses.map((each) => fetch(each)));
  return replies.every((each) => each.ok) ? replies : Promise.reject();
}

async function asset(request) {
  return (await caches.match(request)) || fetch(request);
}

// The network first; the copy where it fails, has a failure of its own or takes too long. Where the server says that
// the texts are not what was approved, no copy of them is shown again, also when it says so late.
async function visit(request, url) {
  const copy = await copyFor(url).catch(() => undefined);
  if (!copy) return fetch(request).catch(nothing);
  const late = new Promise((_, fail) => setTimeout(fail, LIMIT));
  const network = fetch(request).then(async (reply) => {
    const isBroken = reply.headers.has("Wording-Broken");
    if (isBroken) await caches.delete(CACHE);
    return isBroken || reply.status < 500 ? reply : Promise.reject();
  });
  return Promise.race([network, late]).catch(() => copy);
}

async function copyFor(url) {
  const facts = await kept();
  if (!facts || url.pathname === "/survey/sent") return undefined;
  if (url.pathname.startsWith("/l/") && !facts.draft.endsWith(await linkOf(url.pathname.slice(3)))) return undefined;
  const asked = url.searchParams.get("lang");
  if (LANGUAGES.includes(asked) && asked !== facts.language) {
    facts.language = asked;
    await write(await caches.open(CACHE), facts);
  }
  return caches.match(`${KEPT}/${facts.edition}/${facts.language}`);
}

// The same as the server computes it: the phone keeps no token.
async function linkOf(token) {
  return (await digest(`offline:${await digest(decodeURIComponent(token))}`)).slice(0, 16);
}

async function digest(text) {
  const sum = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(sum)].map((each) => each.toString(16).padStart(2, "0")).join("");
}

// With its script a page sends a form only to switch the language; without a network the copy shows it.
async function submit(request, url) {
  const language = (await request.clone().formData().catch(() => new FormData())).get("action") === "language";
  return fetch(request).catch(async () => {
    const facts = language && (await kept());
    if (!facts) return nothing();
    const other = facts.language === "fr" ? "en" : "fr";
    return Response.redirect(`${url.pathname}?lang=${other}`, 303);
  });
}

function nothing() {
  const headers = { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": FACTS.policy };
  return new Response(FACTS.page, { status: 503, headers });
}
