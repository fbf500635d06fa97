/*
 * Lists whose entries (`[data-drag]`) can be dragged to another place, within a list or to another (`[data-drop]`), with
 * a mouse from anywhere on them, with a finger or a pen by their grip. Where one is dropped, the form `[data-order]` says
 * so to the server; without such a form, their order is that of the fields of the form in which they stand. Without this
 * script, and by keyboard, buttons do it; the one that was pressed keeps the focus on the page that answers.
 *
 * Not the browser's own drag and drop: that begins with no finger, and not where the page scrolls meanwhile.
 */
(() => {
  "use strict";
  const FAR = 5; /* pixels from which a press is a drag */
  const EDGE = 56; /* pixels from an edge of the window at which the page scrolls */
  const FIELDS = "button, input, select, textarea";
  const PRESSED = "campus-order";
  const root = document.documentElement;
  const form = document.querySelector("[data-order]");
  let drag = null; /* the entry, where it came from, where the pointer is */

  for (const each of document.querySelectorAll("[data-drag]")) {
    for (const link of each.querySelectorAll("a")) link.draggable = false;
  }
  root.classList.add("can-drag");

  const listAt = (y) => {
    const away = (list) => {
      const box = list.getBoundingClientRect();
      return Math.max(box.top - y, y - box.bottom, 0);
    };
    return [...document.querySelectorAll("[data-drop]")].reduce((near, list) => (away(list) < away(near) ? list : near));
  };

  const place = () => {
    const list = listAt(drag.y);
    const rest = [...list.children].filter((each) => each !== drag.entry);
    const next = rest.find((each) => {
      const box = each.getBoundingClientRect();
      return drag.y < box.top + box.height / 2;
    });
    if (drag.entry.parentElement !== list || drag.entry.nextElementSibling !== (next ?? null)) list.insertBefore(drag.entry, next ?? null);
  };

  const scroll = () => {
    if (!drag?.moves) return;
    const top = parseFloat(getComputedStyle(root).scrollPaddingTop) || 0; /* below what stays at the top */
    const by = Math.min(drag.y - top - EDGE, 0) || Math.max(drag.y - innerHeight + EDGE, 0);
    if (by) {
      window.scrollBy({ top: by / 4, behavior: "instant" });
      place();
    }
    requestAnimationFrame(scroll);
  };

  const begin = () => {
    drag.moves = true;
    drag.entry.classList.add("is-dragged");
    root.classList.add("is-dragging");
    root.setPointerCapture(drag.pointer);
    requestAnimationFrame(scroll);
  };

  const end = (isDropped) => {
    const { entry, list, next, moves } = drag;
    drag = null;
    entry.classList.remove("is-dragged");
    root.classList.remove("is-dragging");
    if (!moves) return;
    if (!isDropped) list.insertBefore(entry, next);
    else if (form && (entry.parentElement !== list || entry.nextElementSibling !== next)) {
      form.elements.do.value = `${form.dataset.order}:${entry.dataset.drag}`;
      form.elements.section_id.value = entry.parentElement.dataset.drop;
      form.elements.place.value = [...entry.parentElement.children].indexOf(entry);
      form.requestSubmit();
    }
  };

  document.addEventListener("pointerdown", (event) => {
    const entry = event.target.closest?.("[data-drag]");
    const isGrip = Boolean(event.target.closest?.(".drag-grip"));
    if (drag || !entry || event.button !== 0 || event.target.closest(FIELDS)) return;
    if (event.pointerType !== "mouse" && !isGrip) return; /* else a list could not be scrolled by a finger */
    drag = { entry, list: entry.parentElement, next: entry.nextElementSibling, pointer: event.pointerId, x: event.clientX, y: event.clientY, moves: false };
  });

  const follow = (event) => {
    if (event.pointerId !== drag?.pointer) return false;
    if (!drag.moves && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) >= FAR) begin();
    if (!drag.moves) return true;
    drag.y = event.clientY;
    place();
    return true;
  };

  document.addEventListener("pointermove", (event) => {
    if (drag && event.pointerId === drag.pointer && !event.buttons) end(false); /* let go where no page has heard of it */
    else follow(event);
  });
  document.addEventListener("pointerup", (event) => {
    if (!follow(event)) return;
    if (drag.moves) {
      /* the click that follows opens no link and ticks no box */
      const stop = (click) => click.preventDefault();
      window.addEventListener("click", stop, { capture: true, once: true });
      setTimeout(() => window.removeEventListener("click", stop, { capture: true }));
    }
    end(true);
  });
  document.addEventListener("pointercancel", (event) => {
    if (event.pointerId === drag?.pointer) end(false);
  });
  document.addEventListener("keydown", (event) => {
    if (drag && event.key === "Escape") end(false);
  });
  document.addEventListener("selectstart", (event) => {
    if (drag) event.preventDefault();
  });

  /* A button that moves something is on the next page, too: whoever presses it again need not look for it. */
  document.addEventListener("submit", (event) => {
    const value = event.submitter?.closest("[data-keeps-focus]") && event.submitter.value;
    if (value) sessionStorage.setItem(PRESSED, JSON.stringify([location.pathname, value]));
  });
  const [path, value] = JSON.parse(sessionStorage.getItem(PRESSED) ?? "[]");
  sessionStorage.removeItem(PRESSED);
  const focus = () => {
    const button = document.querySelector(`button[name="do"][value="${CSS.escape(value)}"]`);
    const beside = button?.disabled ? button.parentElement.querySelector("button:enabled") : button;
    beside?.focus({ preventScroll: true });
  };
  /* not before the browser has gone to the part of the page that the address names, which takes the focus */
  if (path === location.pathname) window.addEventListener("load", () => requestAnimationFrame(() => setTimeout(focus)));
})();
