/*
 * Charts that are read value by value: what one points at, or comes to with the arrow keys, stands below the chart, in
 * the words of the table behind it. `data-at` of a shape is the number of its row. Without a script there is the table.
 */
(() => {
  "use strict";
  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const now = new WeakMap();
  const all = (selector, within) => [...within.querySelectorAll(selector)];
  const chartOf = (node) => node.closest?.(".chart[data-reads]");
  const read = (chart, place) => {
    const rows = all(".as-table tbody tr", chart);
    if (!rows.length) return;
    const at = Math.min(Math.max(place, 0), rows.length - 1);
    now.set(chart, at);
    for (const mark of all("[data-at]", chart)) mark.classList.toggle("is-read", Number(mark.dataset.at) === at);
    const [name, ...values] = all("th, td", rows[at]).map((cell) => cell.textContent.trim());
    const heads = all(".as-table thead th", chart).slice(1).map((head) => head.textContent.trim());
    const said = values.map((value, number) => (heads.length > 1 ? `${heads[number]} ${value}` : value));
    chart.querySelector(".chart-read").textContent = `${name}: ${said.join(", ")}`;
  };
  const nearest = (marks, x, y) => {
    let found = null;
    let least = Infinity;
    for (const mark of marks) {
      const { left, right, top, bottom } = mark.getBoundingClientRect();
      const away = Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
      if (away < least) [found, least] = [mark, away];
    }
    return found;
  };
  let waits = false;
  document.addEventListener("pointermove", (event) => {
    const svg = event.target.closest?.(".chart-svg");
    const chart = svg && chartOf(svg);
    if (!chart || waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      const mark = nearest(all("[data-at]", svg), event.clientX, event.clientY);
      if (mark && Number(mark.dataset.at) !== now.get(chart)) read(chart, Number(mark.dataset.at));
    });
  });
  document.addEventListener("keydown", (event) => {
    if (!event.target.classList?.contains("chart-scroll")) return;
    const chart = chartOf(event.target);
    const last = all(".as-table tbody tr", chart).length - 1;
    const step = STEPS[event.key];
    const at = now.get(chart);
    const place = event.key === "Home" ? 0 : event.key === "End" ? last : step && (at === undefined ? 0 : at + step);
    if (place === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    read(chart, place);
  });
})();
