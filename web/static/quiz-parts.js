/*
 * What quiz.js is made of that knows nothing of sending; loaded before it, in `campusQuiz`.
 *
 * speaker    what is said to screen readers, and the notes above the questions
 * keeper     what this browser keeps until the server has acknowledged it (localStorage)
 * controls   the fields of a question: read, filled, and whether one of them is answered
 * countdown  seconds left, counted on by a clock that cannot be set
 */
(() => {
  "use strict";
  const SOON = [600, 300, 60, 30]; /* seconds left that are announced */
  const all = (selector, within) => [...within.querySelectorAll(selector)];

  const speaker = (quiz, text) => {
    const notes = quiz.querySelector("[data-notes]");
    const found = (name) => notes.querySelector(`[data-note="${name}"]`);
    const say = (sentence) => {
      const region = quiz.querySelector("[data-said]");
      region.textContent = "";
      setTimeout(() => (region.textContent = sentence), 50);
    };
    const note = (name, tone, link) => {
      if (found(name)) return;
      const line = document.createElement("div");
      line.className = `alert alert-soft alert-${tone}`;
      line.dataset.note = name;
      line.setAttribute("role", "alert");
      const words = document.createElement("p");
      words.textContent = text(name);
      line.append(words);
      if (link) line.append(link);
      notes.append(line);
      notes.hidden = false;
    };
    const forget = (name) => {
      found(name)?.remove();
      notes.hidden = !notes.children.length;
    };
    return { say, note, forget };
  };

  const keeper = (store) => {
    let keepsNothing = false;
    const kept = () => {
      try {
        return JSON.parse(localStorage.getItem(store)) || {};
      } catch {
        return {};
      }
    };
    const keep = (change) => {
      const found = kept();
      change(found);
      try {
        if (Object.keys(found).length) localStorage.setItem(store, JSON.stringify(found));
        else localStorage.removeItem(store);
      } catch {
        keepsNothing = true; /* the page goes on, and warns before it is left */
      }
    };
    return { kept, keep, fails: () => keepsNothing };
  };

  const controls = (item) => all("input, select, textarea", item.card).filter((each) => each.name.startsWith("a:"));
  const fields = (item) => {
    const found = [];
    for (const each of all("input, select, textarea", item.card)) {
      if (!each.name || each.type === "file" || each.name.startsWith("was:")) continue;
      if (["radio", "checkbox"].includes(each.type) && !each.checked) continue;
      found.push([each.name, each.value]);
    }
    return found;
  };
  const fill = (item, values) => {
    const said = new Map(values);
    for (const each of controls(item)) {
      if (each.type === "file") continue;
      if (each.type === "radio") each.checked = said.get(each.name) === each.value;
      else if (each.type === "checkbox") each.checked = said.has(each.name);
      else each.value = said.get(each.name) ?? "";
    }
  };
  const isAnswered = (item) =>
    controls(item).some((each) => (["radio", "checkbox"].includes(each.type) ? each.checked : each.value.trim() !== ""));

  const LONG = 48; /* hours from which days are counted */
  const days = (number) =>
    new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: "day", unitDisplay: "long" }).format(number);
  const digits = (number) => String(number).padStart(2, "0");
  const passed = (seconds) => SOON.filter((each) => each < seconds).length;
  const countdown = (clock, given, soon) => {
    let left = given;
    let since = performance.now();
    let announced = left === null ? 0 : passed(left);
    const set = (seconds) => {
      left = seconds;
      since = performance.now();
    };
    /* Shows the time; whether it is over */
    const tick = () => {
      if (left === null) return false;
      const seconds = Math.max(0, Math.ceil(left - (performance.now() - since) / 1000));
      const hours = Math.floor(seconds / 3600);
      const shown = `${digits(Math.floor((seconds % 3600) / 60))}:${digits(seconds % 60)}`;
      clock.textContent = hours >= LONG ? days(Math.floor(hours / 24)) : hours ? `${hours}:${shown}` : shown;
      clock.classList.toggle("text-error", seconds <= 60);
      if (passed(seconds) < announced && seconds > 0) soon(clock.textContent);
      announced = passed(seconds);
      return seconds === 0;
    };
    return { set, tick };
  };

  window.campusQuiz = { speaker, keeper, fields, fill, isAnswered, countdown };
})();
