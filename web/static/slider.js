/*
 * The slider over the log: it goes where it is let go, arrow keys of the page step from fact to fact, and `Play` steps on
 * by itself. Each step is a page of its own address, so the way back works.
 */
(() => {
  "use strict";
  const PACE = 900; /* milliseconds between two steps */
  const form = document.querySelector("[data-slider]");
  if (!form) return;
  const range = form.querySelector("input[type=range]");
  const shown = form.querySelector("[data-at]");
  range.addEventListener("input", () => (shown.textContent = range.value));
  range.addEventListener("change", () => form.requestSubmit());

  const go = (step) => document.querySelector(`[data-step="${step}"]`)?.click();
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, textarea, select, pre") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowLeft") go("back");
    if (event.key === "ArrowRight") go("on");
  });

  const play = document.querySelector("[data-play]");
  const set = (on) => {
    play.setAttribute("aria-pressed", String(on));
    sessionStorage.setItem("campus-plays", on ? "1" : "");
    if (on) setTimeout(() => sessionStorage.getItem("campus-plays") && (document.getElementById("step-on") ? go("on") : set(false)), PACE);
  };
  play.addEventListener("click", () => set(play.getAttribute("aria-pressed") !== "true"));
  if (sessionStorage.getItem("campus-plays")) set(true);
})();
