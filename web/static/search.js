/*
 * The dialog for searching: Ctrl or Cmd K, or the button of the header. The browser keeps the focus in it and closes it
 * by Escape. What is found is the page /search without its frame; its links are the options of a list that the field
 * controls (the combobox of WAI-ARIA): arrows choose, Enter goes there, or to the page with all that was found.
 */
(() => {
  "use strict";
  const dialog = document.getElementById("search-dialog");
  if (!dialog?.showModal) return;
  const field = dialog.querySelector("[role=combobox]");
  const list = dialog.querySelector("[role=listbox]");
  const said = dialog.querySelector("[data-search-said]");
  const WAIT = 150; /* milliseconds after a key */
  let waiting = 0;
  let asked = null;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const chosen = () => list.querySelector("[aria-selected=true]");
  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    if (!option) return field.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", option.id);
  };
  const show = (text) => {
    list.innerHTML = text; /* from this campus, and escaped there */
    for (const each of list.querySelectorAll("ul, li, h2")) each.setAttribute("role", "presentation");
    list.querySelectorAll("a.found").forEach((link, number) => {
      link.id = `found-${number}`;
      link.tabIndex = -1;
      link.setAttribute("role", "option");
      link.setAttribute("aria-selected", "false");
    });
    const found = options();
    field.setAttribute("aria-expanded", String(found.length > 0));
    said.textContent = found.length ? `${found.length} ${said.dataset.some}` : said.dataset.none;
    choose(field.value.trim() ? found[0] : null);
  };
  const look = async () => {
    asked?.abort();
    asked = new AbortController();
    try {
      const address = `/search?part=1&q=${encodeURIComponent(field.value.trim())}`;
      const answer = await fetch(address, { signal: asked.signal, cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.text());
    } catch (error) {
      if (error.name !== "AbortError") said.textContent = said.dataset.away;
    }
  };
  const open = () => {
    if (dialog.open) return;
    dialog.showModal();
    field.select();
    look();
  };

  document.addEventListener("keydown", (event) => {
    const isKey = event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey);
    if (!isKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-search-open]");
    if (opener && !event.metaKey && !event.ctrlKey) {
      event.preventDefault();
      open();
    }
    if (event.target === dialog || event.target.closest("[data-search-close]")) dialog.close();
  });
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, WAIT);
  });
  field.addEventListener("keydown", (event) => {
    const found = options();
    const place = found.indexOf(chosen());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (found.length) choose(found[place < 0 && step < 0 ? found.length - 1 : (place + step + found.length) % found.length]);
    } else if (event.key === "Enter" && chosen()) {
      event.preventDefault();
      location.assign(chosen().href);
    }
  });
})();
