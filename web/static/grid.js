/*
 * A table of very many rows (`[data-grid]`): the rows around what is seen are drawn, the others are room above and below.
 *
 * The server draws rows, a window of `data-size` at a time, from the address in `data-grid` with `skip`; how many there
 * are of all says the header `Campus-Total`. Three windows at most are in the page. Arrow keys go from cell to cell.
 * Without this script the table is one window, with links to the next.
 */
(() => {
  "use strict";
  const AROUND = 1; /* windows before and after those that are seen */
  const REST = 80; /* milliseconds without scrolling before rows are asked for */

  class Grid {
    constructor(region) {
      this.region = region;
      this.table = region.querySelector("table");
      this.body = this.table.tBodies[0];
      this.size = Number(region.dataset.size);
      this.total = Number(region.dataset.total);
      this.columns = this.table.tHead.rows[0].cells.length;
      this.windows = new Map();
      this.asked = new Map();
      const rows = [...this.body.rows];
      this.height = rows[0].getBoundingClientRect().height;
      const skip = Number(region.dataset.skip);
      if (skip % this.size === 0) this.windows.set(skip / this.size, rows);
      const pages = document.querySelector("[data-grid-pages]");
      if (pages) pages.hidden = true;
      this.draw(Math.floor(skip / this.size));
      region.scrollTop = skip * this.height;
      region.addEventListener("scroll", () => this.scrolled(), { passive: true });
      addEventListener("resize", () => this.scrolled());
      this.body.addEventListener("keydown", (event) => this.pressed(event));
      region.dataset.ready = "";
    }

    get last() {
      return Math.max(0, Math.ceil(this.total / this.size) - 1);
    }

    /* The windows that are seen, and those around them. */
    seen() {
      const first = Math.floor(this.region.scrollTop / this.height);
      const shown = Math.ceil(this.region.clientHeight / this.height);
      const from = Math.max(0, Math.floor(first / this.size) - AROUND);
      const to = Math.min(this.last, Math.floor((first + shown) / this.size) + AROUND);
      return { first, from: Math.min(from, to), to };
    }

    scrolled() {
      if (!this.frame) this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
      clearTimeout(this.resting);
      this.resting = setTimeout(() => { this.fetchSeen(); this.keepPlace(); }, REST);
    }

    room(windows) {
      const rows = Math.max(0, windows.to - windows.from) * this.size;
      const upTo = Math.min(rows, this.total - windows.from * this.size);
      const row = document.createElement("tr");
      row.className = "is-room";
      row.setAttribute("aria-hidden", "true");
      const cell = row.insertCell();
      cell.colSpan = this.columns;
      cell.style.height = `${Math.max(0, upTo) * this.height}px`;
      return row;
    }

    draw() {
      const { from, to } = this.seen();
      const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
      const rows = from > 0 ? [this.room({ from: 0, to: from })] : [];
      for (let at = from; at <= to; at++) rows.push(...(this.windows.get(at) || [this.room({ from: at, to: at + 1 })]));
      if (to < this.last) rows.push(this.room({ from: to + 1, to: this.last + 1 }));
      const now = [...this.body.rows];
      const isSame = now.length === rows.length && now.every((row, at) => row === rows[at] || (row.className === "is-room" && rows[at].className === "is-room" && row.cells[0].style.height === rows[at].cells[0].style.height));
      if (isSame) return;
      this.body.replaceChildren(...rows);
      for (const at of [...this.windows.keys()]) if (at < from - AROUND || at > to + AROUND) this.windows.delete(at);
      if (focused?.isConnected) focused.focus({ preventScroll: true });
      else if (focused) this.region.focus({ preventScroll: true });
      if (this.wanted) this.go(...this.wanted);
    }

    fetchSeen(again = false) {
      const { from, to } = this.seen();
      for (const [at, aborter] of this.asked) if (at < from || at > to) aborter.abort();
      for (let at = from; at <= to; at++) if (again || (!this.windows.has(at) && !this.asked.has(at))) this.fetch(at);
    }

    async fetch(at) {
      const aborter = new AbortController();
      this.asked.get(at)?.abort();
      this.asked.set(at, aborter);
      try {
        const answer = await fetch(`${this.region.dataset.grid}&skip=${at * this.size}`, { signal: aborter.signal, cache: "no-store" });
        if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
        const total = Number(answer.headers.get("campus-total"));
        const template = document.createElement("template");
        template.innerHTML = `<table><tbody>${await answer.text()}</tbody></table>`;
        const rows = [...template.content.querySelectorAll("tr")].map((row) => document.importNode(row, true));
        if (total !== this.total) {
          this.total = total;
          this.table.setAttribute("aria-rowcount", String(total + 1));
        }
        if (rows.length && rows[0].cells.length !== this.columns) return location.reload();
        this.windows.set(at, rows);
        this.draw();
      } catch (problem) {
        if (problem.name !== "AbortError") document.body.dispatchEvent(new CustomEvent("htmx:sendError", { bubbles: true }));
      } finally {
        if (this.asked.get(at) === aborter) this.asked.delete(at);
      }
    }

    /* The address has the place, so that the way back leads to it. */
    keepPlace() {
      const { first } = this.seen();
      const address = new URL(location.href);
      const skip = Math.floor(first / this.size) * this.size;
      if (skip) address.searchParams.set("skip", String(skip));
      else address.searchParams.delete("skip");
      if (address.href !== location.href) history.replaceState(history.state, "", address);
    }

    /* Arrow keys: the cell beside, above or below; also where its row is not drawn yet. */
    pressed(event) {
      if (event.altKey || event.metaKey || event.shiftKey) return;
      const cell = event.target.closest("th, td");
      if (!cell) return;
      const row = Number(cell.parentElement.getAttribute("aria-rowindex"));
      const column = cell.cellIndex;
      const page = Math.max(1, Math.floor(this.region.clientHeight / this.height) - 2);
      const end = this.total + 1;
      const moves = {
        ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
        PageUp: [row - page, column], PageDown: [row + page, column],
        Home: event.ctrlKey ? [2, column] : [row, 0], End: event.ctrlKey ? [end, column] : [row, this.columns - 1],
      };
      const to = moves[event.key];
      if (!to || (event.ctrlKey && !["Home", "End"].includes(event.key))) return;
      event.preventDefault();
      this.go(Math.min(Math.max(to[0], 2), end), Math.min(Math.max(to[1], 0), this.columns - 1));
    }

    go(row, column) {
      const found = this.body.querySelector(`tr[aria-rowindex="${row}"]`);
      this.wanted = found ? null : [row, column];
      if (!found) {
        this.region.scrollTop = Math.max(0, (row - 2) * this.height - this.region.clientHeight / 2);
        return this.scrolled();
      }
      const cell = found.cells[column];
      const target = cell.querySelector("a, button") || cell;
      if (target === cell) cell.tabIndex = -1;
      target.focus();
    }
  }

  const start = () => {
    for (const region of document.querySelectorAll("[data-grid]:not([data-ready])")) {
      if (region.querySelector("tbody tr")) region.grid = new Grid(region);
    }
  };
  /* What has changed is asked for by the windows that are seen: the rest of the page stays. */
  document.addEventListener("htmx:beforeRequest", (event) => {
    const region = document.querySelector("[data-grid][data-ready]");
    if (!region || event.detail.elt.id !== "main") return;
    event.preventDefault();
    region.grid.fetchSeen(true);
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
