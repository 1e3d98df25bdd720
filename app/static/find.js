// Narrows the list of symptoms while the patient writes, by the rules of the server’s own search.
"use strict";
{
  const box = document.getElementById("find");
  const rows = [...document.querySelectorAll("[data-words]")];
  const plain = (text) => text.toLowerCase().replace(/œ/g, "oe").replace(/æ/g, "ae").normalize("NFKD").replace(/\p{M}/gu, "");
  const wordsOf = (text) => plain(text).match(/[\p{L}\p{N}]+/gu) || [];

  // How many letters of a word are wrong, as the beginning of a known one.
  function distance(word, known) {
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
    return Math.min(...row);
  }

  function matches(word, row) {
    const allowed = (word.length >= 4) + (word.length >= 8);
    return row.dataset.words.split(" ").some((known) => distance(word, known) <= allowed);
  }

  function narrow() {
    const all = wordsOf(box.value.slice(0, 60)), long = all.filter((word) => word.length >= 3);
    const wanted = long.length ? long : all;
    const whole = rows.filter((row) => wanted.every((word) => matches(word, row)));
    const found = whole.length ? whole : rows.filter((row) => wanted.some((word) => matches(word, row)));
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
