// Types a sheet of paper in without the Tab key: each digit leads to the next question that is asked.
"use strict";
{
  const form = document.getElementById("transcription");
  const fields = [...form.querySelectorAll(".typed input, .typed textarea")];
  const rowOf = (field) => field.closest(".typed");

  // As the server has it: "other=1" or "pt009a>0"; nothing is known below a field that is still empty.
  function isAsked(field) {
    const [, item, sign, value] = /^(\w+)([>=])(\d+)$/.exec(rowOf(field).dataset.if || "") || [];
    const lead = item && document.getElementById(item);
    if (!lead || !isAsked(lead)) return !lead;
    return lead.value === "" || (sign === "=" ? lead.value === value : Number(lead.value) > Number(value));
  }

  function show() {
    for (const field of fields) rowOf(field).classList.toggle("is-ruled-out", !isAsked(field));
  }

  function go(field, step) {
    let place = fields.indexOf(field) + step;
    while (fields[place] && !isAsked(fields[place])) place += step;
    const next = fields[place] || (step > 0 && document.getElementById("remark"));
    if (next) next.focus();
  }

  // What stands there is replaced by the next digit, however the field was reached.
  for (const name of ["focusin", "click"]) {
    form.addEventListener(name, (event) => {
      if (event.target.dataset.digits) event.target.select();
    });
  }
  form.addEventListener("input", (event) => {
    const field = event.target, digits = field.dataset.digits;
    show();
    if (!digits || field.value === "") return;
    const fits = `${digits}-`.includes(field.value);
    field.setAttribute("aria-invalid", String(!fits));
    field.classList.toggle("is-invalid", !fits);
    if (fits) go(field, 1);
    else field.select();
  });
  form.addEventListener("keydown", (event) => {
    const field = event.target, isEmpty = field.value === "";
    if (!field.dataset.digits) return;
    if (event.key === "ArrowDown") go(field, 1);
    else if (event.key === "ArrowUp" || (event.key === "Backspace" && isEmpty)) go(field, -1);
    // Enter in the middle would send a sheet that is half typed.
    else if (event.key === "Enter") go(field, 1);
    else return;
    event.preventDefault();
  });
  show();
}
