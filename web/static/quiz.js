/*
 * An attempt at a quiz with a script: each answer is sent by itself, and what the server has acknowledged stands beside
 * it. Without this file the page is a form with buttons, and all of it works. Its parts are in quiz-parts.js.
 *
 * answers   an answer that changes is kept in this browser (localStorage) until the server has acknowledged it; while the
 *           server is away, or the session is over, it is sent again and again, also after the page was loaded again
 * numbers   each answer has a number of its own (client_seq), higher than all before: of two the higher one counts
 * time      seconds left are those that the server has said, counted on by a clock that cannot be set
 * the end   the page asks the server what has become of the attempt, and shows the review as soon as it was handed in
 */
(() => {
  "use strict";
  const PAUSE = 600; /* ms without a key before an answer is sent */
  const WAITS = [1000, 2000, 4000, 8000, 10000]; /* ms before it is sent again */
  const LOOK = 15000; /* ms between two looks at the attempt */

  const start = () => {
    const done = document.querySelector("[data-quiz-over]")?.dataset.quizOver;
    if (done) for (const key of Object.keys(localStorage)) if (key.endsWith(`:${done}`)) localStorage.removeItem(key);
    const quiz = document.getElementById("quiz");
    if (!quiz) return;
    const form = document.getElementById("answers");
    const { path, api, learner, here } = quiz.dataset;
    const store = `campus-quiz:${learner}:${path}`;
    const $ = (selector, within = quiz) => within.querySelector(selector);
    const all = (selector, within = quiz) => [...within.querySelectorAll(selector)];
    const text = (name) => $(`template[data-text="${name}"]`).content.textContent;
    const items = new Map();
    const tabs = "BroadcastChannel" in window ? new BroadcastChannel(store) : null;
    let away = false;
    let ended = false;
    let over = false;

    const { fields, fill, isAnswered } = window.campusQuiz;
    const { say, note, forget } = window.campusQuiz.speaker(quiz, text);
    const { kept, keep, fails } = window.campusQuiz.keeper(store);
    const given = quiz.dataset.left === undefined ? null : Number(quiz.dataset.left);
    const time = window.campusQuiz.countdown($("[data-clock]"), given, (left) => say(`${text("soon")} ${left}`));
    const tick = () => !over && time.tick() && finish();
    const signIn = () => {
      const link = document.createElement("a");
      link.className = "btn btn-sm";
      link.href = `/signin?next=${encodeURIComponent(here)}`;
      link.textContent = text("signin");
      return link;
    };

    /* What stands beside a question, and in the bar */

    const state = (item, name, detail = "", buttons = []) => {
      item.state = name;
      const line = $("[data-state]", item.card);
      const words = document.createElement("span");
      words.textContent = [text(name), detail].filter(Boolean).join(" ");
      words.className = { saved: "text-success", refused: "text-error", unsaved: "text-warning", other: "text-warning" }[name] || "hint";
      line.replaceChildren(words, ...buttons);
      const link = $(`[data-to="${CSS.escape(item.id)}"]`);
      link?.classList.toggle("btn-secondary", isAnswered(item));
      sum();
    };
    const sum = () => {
      const open = [...items.values()].filter((item) => ["saving", "unsaved", "refused", "other"].includes(item.state));
      const any = [...items.values()].some((item) => item.state);
      const line = $("[data-sum]");
      line.hidden = !any;
      $("[data-sum-text]").textContent = text(open.length ? "some" : "all");
      line.classList.toggle("text-warning", open.length > 0);
    };
    const button = (name, does) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = "btn btn-xs";
      made.textContent = text(name);
      made.addEventListener("click", does);
      return made;
    };

    /* Sending */

    const change = (item, wait = PAUSE) => {
      if (over) return;
      item.stale = false; /* what is done now is the last that was done */
      item.seq += 1;
      const pending = (item.pending = { seq: item.seq, values: fields(item) });
      keep((found) => (found[item.id] = pending));
      tabs?.postMessage({ item: item.id, seq: item.seq });
      state(item, "saving");
      clearTimeout(item.timer);
      item.timer = setTimeout(() => send(item), wait);
    };
    const again = (item) => {
      clearTimeout(item.timer);
      item.timer = setTimeout(() => send(item), WAITS[Math.min(item.tries++, WAITS.length - 1)]);
    };
    const send = async (item) => {
      if (item.sending) return void (item.waits = true);
      const pending = item.pending;
      if (!pending) return;
      item.sending = true;
      item.waits = false;
      const body = new FormData();
      for (const [name, value] of pending.values) body.append(name, value);
      for (const each of all('input[type="file"]', item.card)) for (const file of each.files) body.append(each.name, file);
      body.append("client_seq", pending.seq);
      try {
        const answer = await fetch(`${path}/answers/${encodeURIComponent(item.id)}`, { method: "POST", body, redirect: "manual" });
        await heard(item, pending, answer);
      } catch {
        lost(item);
      }
      item.sending = false;
      if (item.waits) send(item);
    };
    const lost = (item) => {
      if (!away) note("away", "warning");
      away = true;
      state(item, "unsaved");
      again(item);
    };
    const heard = async (item, pending, answer) => {
      if (answer.type === "opaqueredirect" || answer.status === 401) {
        if (!ended) note("ended", "error", signIn());
        ended = true;
        state(item, "unsaved");
        return again(item);
      }
      if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return lost(item);
      const found = await answer.json();
      if (away) {
        forget("away");
        say(text("back"));
      }
      if (ended) forget("ended");
      away = ended = false;
      item.tries = 0;
      if (!answer.ok) {
        if (["attempt_ended", "time_is_up"].includes(found.code)) return finish();
        drop(item, pending);
        return state(item, "refused", found.detail);
      }
      item.seq = Math.max(item.seq, found.client_seq);
      if (!found.stands && found.client_seq >= pending.seq) return conflict(item, pending);
      drop(item, pending);
      if (pending.seq === item.seq) acknowledge(item, found);
    };
    const drop = (item, pending) => {
      if (item.pending === pending) item.pending = null;
      keep((found) => found[item.id]?.seq === pending.seq && delete found[item.id]);
    };
    const acknowledge = (item, found) => {
      item.known = found.client_seq;
      const receipt = document.createElement("details");
      const head = document.createElement("summary");
      const code = document.createElement("code");
      head.className = "link";
      head.textContent = text("receipt");
      code.className = "break-all";
      code.textContent = found.receipt;
      receipt.append(head, code);
      state(item, "saved", found.saved, [receipt]);
      tabs?.postMessage({ item: item.id, seq: found.client_seq, saved: true });
      if ($('input[type="file"]', item.card)?.files.length) renew(item);
    };
    const conflict = (item, pending) => {
      const mine = button("mine", () => {
        fill(item, pending.values);
        change(item, 0);
      });
      const theirs = button("theirs", () => {
        drop(item, pending);
        renew(item);
      });
      state(item, "other", "", [mine, theirs]);
      say(text("other"));
    };

    /* What another tab or device has saved: the question as the server draws it now */

    const renew = async (item) => {
      try {
        const answer = await fetch(here, { redirect: "manual" });
        if (!answer.ok) return;
        const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = drawn.getElementById(item.card.id);
        if (!fresh) return finish();
        if (item.pending) return;
        if (item.card.contains(document.activeElement)) return void (item.stale = true); /* until the focus goes on */
        item.card.replaceWith(fresh);
        watch(fresh);
      } catch {
        /* it is asked for again at the next look */
      }
    };
    tabs?.addEventListener("message", ({ data }) => {
      const item = items.get(data.item);
      if (!item) return;
      item.seq = Math.max(item.seq, data.seq);
      if (data.saved && item.known < data.seq) renew(item);
    });

    /* The attempt as the server has it: time, what other devices have saved, and whether it goes on */

    const look = async () => {
      try {
        const answer = await fetch(api, { headers: { accept: "application/json" } });
        if (answer.status === 401) {
          if (!ended) note("ended", "error", signIn());
          ended = true;
          return;
        }
        if (!answer.ok) return;
        if (ended) {
          ended = false;
          forget("ended");
          for (const item of items.values()) if (item.state === "unsaved") send(item);
        }
        const attempt = await answer.json();
        if (attempt.status !== "running") {
          localStorage.removeItem(store);
          return void location.replace(path);
        }
        if (attempt.deadline_at) {
          const left = (Date.parse(attempt.deadline_at) - Date.parse(attempt.now)) / 1000;
          time.set(left);
          if (left > 0) over = false;
        }
        for (const found of attempt.items) {
          const item = items.get(found.item_id);
          if (item && found.client_seq > item.known) {
            item.seq = Math.max(item.seq, found.client_seq);
            renew(item);
          }
        }
      } catch {
        /* the server is away: what is sent says so */
      }
    };
    const finish = () => {
      if (over) return;
      over = true;
      note("over", "info");
      const wait = async () => {
        await look();
        if (over) setTimeout(wait, 1000);
        else forget("over");
      };
      wait();
    };

    /* Beginning */

    const words = (area) => {
      const line = $("[data-word-count]", area.closest("section"));
      if (line) line.textContent = `${line.dataset.text} ${area.value.split(/\s+/).filter(Boolean).length}`;
    };
    const watch = (card) => {
      const id = card.dataset.item;
      const before = items.get(id);
      const seq = Number(card.dataset.seq);
      const item = { id, card, seq: Math.max(seq, before?.seq || 0), known: seq, tries: 0, timer: 0, pending: null, stale: false, state: "" };
      items.set(id, item);
      for (const each of all("[data-plain]", card)) if (each.value.startsWith("clear:")) each.type = "button";
      card.addEventListener("input", (event) => {
        if (!event.target.name?.startsWith("a:") || event.target.type === "file") return;
        if (event.target.matches("[data-words]")) words(event.target);
        change(item, event.target.matches("textarea, input:not([type]), input[type=text]") ? PAUSE : 0);
      });
      card.addEventListener("focusout", (event) => item.stale && !card.contains(event.relatedTarget) && setTimeout(() => renew(item)));
      card.addEventListener("change", (event) => event.target.type === "file" && change(item, 0));
      card.addEventListener("click", (event) => {
        const pressed = event.target.closest("button[value]");
        if (pressed?.matches("[data-flag]")) {
          event.preventDefault();
          flag(pressed, id);
        } else if (pressed?.value === `clear:${id}`) {
          fill(item, []);
          change(item, 0);
        }
      });
      for (const area of all("[data-words]", card)) words(area);
    };
    const flag = (pressed, id) => {
      const on = pressed.getAttribute("aria-pressed") !== "true";
      const cookie = document.cookie.split("; ").find((each) => each.startsWith("campus-flags="));
      const flags = new Set((cookie || "").slice("campus-flags=".length).split(":").filter(Boolean));
      if (on) flags.add(id);
      else flags.delete(id);
      document.cookie = `campus-flags=${[...flags].sort().join(":")}; Max-Age=2592000; Path=${path}; Secure; SameSite=Strict`;
      pressed.setAttribute("aria-pressed", String(on));
      $(".icon", pressed).classList.toggle("text-warning", on);
      const words = $("[data-flag-text]", pressed);
      words.textContent = on ? words.dataset.on : words.dataset.off;
    };

    for (const card of all("[data-item]")) watch(card);
    /* An answer to a question that stands on another page of the attempt */
    const deliver = async (id, pending) => {
      const body = new FormData();
      for (const [name, value] of pending.values) body.append(name, value);
      body.append("client_seq", pending.seq);
      try {
        const answer = await fetch(`${path}/answers/${encodeURIComponent(id)}`, { method: "POST", body, redirect: "manual" });
        if (answer.type !== "opaqueredirect" && answer.status !== 401 && answer.status < 500) {
          return keep((found) => found[id]?.seq === pending.seq && delete found[id]);
        }
      } catch {
        /* the server is away */
      }
      setTimeout(() => kept()[id]?.seq === pending.seq && deliver(id, pending), 5000);
    };
    let restored = 0;
    for (const [id, pending] of Object.entries(kept())) {
      const item = items.get(id);
      if (!item) {
        deliver(id, pending);
        continue;
      }
      item.seq = Math.max(item.seq, pending.seq);
      if (JSON.stringify(fields(item)) === JSON.stringify(pending.values)) {
        drop(item, pending); /* a form has saved it meanwhile */
        continue;
      }
      restored += 1;
      item.pending = pending;
      fill(item, pending.values);
      state(item, "saving");
      send(item);
    }
    if (restored) say(text("restored"));
    let leaving = false;
    form.addEventListener("submit", () => (leaving = true)); /* what is kept is compared by the next page */
    addEventListener("beforeunload", (event) => {
      const isLost = (item) => fails() || all('input[type="file"]', item.card).some((each) => each.files.length);
      const open = [...items.values()].some((item) => ["saving", "unsaved"].includes(item.state) && isLost(item));
      if (open && !leaving && !over) event.preventDefault();
    });
    addEventListener("online", () => [...items.values()].forEach((item) => item.state === "unsaved" && send(item)));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
    setInterval(look, LOOK);
    setInterval(tick, 1000);
    tick();
    const listen = () => {
      const events = new EventSource("/v1/me/events");
      events.addEventListener("changed", look);
      events.addEventListener("error", () => {
        if (events.readyState !== EventSource.CLOSED) return;
        look(); /* a stream that is refused: the session may be over */
        setTimeout(listen, LOOK);
      });
    };
    listen();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
