// Narrows the list of symptoms while the patient writes, by the rules of the server’s own search (word_search.py).
"use strict";
{
  const box = document.getElementById("find");
  const rows = [...document.querySelectorAll("[data-words]")];
  const letters = { œ: "oe", æ: "ae", ø: "o", ł: "l", ß: "ss" };
  const plain = (text) => text.toLowerCase().replace(/[œæøłß]/g, (each) => letters[each]).normalize("NFKD").replace(/\p{M}/gu, "");
  // What is not heard is forgotten; the words of the list come so.
  const heard = (word) => word.replace(/([gprt])h+/g, "$1").replace(/([b-df-hj-np-tv-z])\1{1,2}/g, "$1").replace(/(....)[sx]+$/, "$1");
  const wordsOf = (text) => (plain(text).match(/[\p{L}\p{N}]+/gu) || []).map(heard);

  function distancesToBeginnings(word, known) {
    let before = [], row = [...Array(known.length + 1).keys()];
    for (let place = 1; place <= word.length; place++) {
      const last = row, beforeLast = before;
      row = [place];
      for (let column = 1; column <= known.length; column++) {
        let cost = Math.min(row[column - 1] + 1, last[column] + 1, last[column - 1] + (word[place - 1] !== known[column - 1]));
        if (column > 1 && place > 1 && word[place - 1] === known[column - 2] && word[place - 2] === known[column - 1]) {
          cost = Math.min(cost, beforeLast[column - 2] + 1);
        }
        row.push(cost);
      }
      before = last;
    }
    return row;
  }

  // Whether a word is meant for a known one, with a letter wrong or two.
  function isNear(word, known) {
    if (word.length < 4 || Math.abs(known.length - word.length) > 2) return false;
    const ends = distancesToBeginnings(word, known).slice(-2);
    if (ends.some((wrong, index) => wrong === 1 && (word.length >= 5 || known.length - 1 + index > word.length))) return true;
    return Math.min(word.length, known.length) >= 6 && ends[1] === 2 && word[0] === known[0];
  }

  // The rows that a word may mean; one that stands somewhere as it was written is taken for no other one.
  function meant(word) {
    const having = (test) => rows.filter((row) => row.dataset.words.split(" ").some(test));
    const exact = having((known) => known.startsWith(word));
    return exact.length ? exact : having((known) => isNear(word, known));
  }

  function narrow() {
    const all = wordsOf(box.value.slice(0, 60)), long = all.filter((word) => word.length >= 3);
    const each = (long.length ? long : all).map(meant);
    const whole = rows.filter((row) => each.every((found) => found.includes(row)));
    const found = whole.length ? whole : rows.filter((row) => each.some((found) => found.includes(row)));
    for (const row of rows) row.hidden = found.length > 0 && !found.includes(row) && !row.querySelector(":checked");
    document.getElementById("found-none").hidden = found.length > 0;
  }

  if (box) {
    // What is written here is no answer: the survey’s own script does not hear of it.
    for (const name of ["input", "change"]) {
      box.addEventListener(name, (event) => {
        event.stopPropagation();
        narrow();
      });
    }
    box.form.addEventListener("submit", (event) => {
      event.preventDefault();
      narrow();
    });
    document.getElementById("find-button").hidden = true;
  }
}
