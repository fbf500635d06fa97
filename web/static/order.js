/*
 * Lists whose entries (`[data-drag]`) can be dragged to another place, within a list or to another (`[data-drop]`): where
 * one is dropped, the form `[data-order]` says so to the server; without such a form, their order is that of the fields of
 * the form in which they stand. Without this script, and by keyboard, buttons do it.
 */
(() => {
  "use strict";
  const form = document.querySelector("[data-order]");
  let moved = null;
  let came = null; /* from where, for a drag that is given up */
  let dropped = false;

  for (const each of document.querySelectorAll("[data-drag]")) {
    each.draggable = true;
    for (const inner of each.querySelectorAll("a")) inner.draggable = false;
  }

  document.addEventListener("dragstart", (event) => {
    moved = event.target.closest?.("[data-drag]") ?? null;
    if (!moved) return;
    came = { list: moved.parentElement, next: moved.nextElementSibling };
    dropped = false;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", moved.dataset.drag);
  });

  document.addEventListener("dragover", (event) => {
    const list = moved && event.target.closest?.("[data-drop]");
    if (!list) return;
    event.preventDefault();
    const rest = [...list.children].filter((each) => each !== moved);
    const next = rest.find((each) => {
      const box = each.getBoundingClientRect();
      return event.clientY < box.top + box.height / 2;
    });
    if (moved.parentElement !== list || moved.nextElementSibling !== (next ?? null)) list.insertBefore(moved, next ?? null);
  });

  document.addEventListener("drop", (event) => {
    if (!moved) return;
    event.preventDefault();
    dropped = true;
  });

  document.addEventListener("dragend", () => {
    if (!moved) return;
    const list = moved.parentElement;
    if (!dropped) came.list.insertBefore(moved, came.next);
    else if (form && (list !== came.list || moved.nextElementSibling !== came.next)) {
      form.elements.do.value = `${form.dataset.order}:${moved.dataset.drag}`;
      form.elements.section_id.value = list.dataset.drop;
      form.elements.place.value = [...list.children].indexOf(moved);
      form.requestSubmit();
    }
    moved = null;
  });
})();
