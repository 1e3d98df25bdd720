// Puts a chosen look on at once, and on the kept copy of a page, which cannot know it; the phone keeps the choice.
"use strict";
{
  const look = document.querySelector(".display"), form = look.querySelector("form"), boxes = [...form.querySelectorAll("select")];
  const [, chosen] = /ressenti_display=([\w.-]+)/.exec(document.cookie) || [];
  function wear() {
    const words = boxes.map((each) => each.value), address = look.dataset.style;
    document.documentElement.className = words.join(" ");
    if (document.querySelector(`link[href="${address}"]`)) return;
    const style = document.head.appendChild(document.createElement("link"));
    style.rel = "stylesheet";
    style.href = address;
  }
  function keep() {
    const secure = location.protocol === "https:" ? ";secure" : "";
    const value = boxes.map((each) => each.value).join(".");
    document.cookie = `ressenti_display=${value};path=${form.dataset.path};max-age=31622400;samesite=lax${secure}`;
    wear();
  }
  if (chosen) {
    chosen.split(".").forEach((word, index) => (boxes[index].value = word));
    wear();
  }
  form.addEventListener("change", keep);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep();
    look.open = false;
    look.querySelector("summary").focus();
  });
}
