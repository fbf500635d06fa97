/*
 * What pages do beside htmx. Every page works without it; sentences stand in the pages, so that they have their language.
 *
 * theme and zone      cookies that the server reads: how the page looks, and in which zone its times are
 * connection          offline, live updates lost and back, session over: one banner, in `[data-connection]`; forms are
 *                     not sent then, and keep what was typed
 * focus and live      after a swap the focus stays where it was; `[data-announce]` is said to screen readers
 * menus and copying   closing of menus, and copying; searching is in search.js
 * long texts          Ctrl/Cmd Enter sends the form of a field with `[data-sends]`
 */
(() => {
  "use strict";
  const root = document.documentElement;
  const YEAR = 31536000;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const keep = (name, value, seconds) => {
    document.cookie = `${name}=${value}; Path=/; Max-Age=${seconds}; SameSite=Lax${secure}`;
  };
  const kept = (name) => document.cookie.split("; ").find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  /* Theme and zone */

  const showTheme = () => {
    const now = root.dataset.theme || "system";
    for (const each of all("[data-theme-choice]")) each.setAttribute("aria-pressed", String(each.value === now));
  };
  const chooseTheme = (value) => {
    if (value === "system") delete root.dataset.theme;
    else root.dataset.theme = value;
    keep("campus-theme", value === "system" ? "" : value, value === "system" ? 0 : YEAR);
    showTheme();
  };
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  if (/^[\w+/-]+$/.test(zone) && kept("campus-zone") !== zone) keep("campus-zone", zone, YEAR);

  /* Connection: what is worst is shown */

  const states = { offline: false, ended: false, lost: false };
  let shown = "";
  let goodbye = 0;
  const show = (state) => {
    const banner = $("[data-connection]");
    if (!banner || state === shown) return;
    shown = state;
    clearTimeout(goodbye);
    const sentence = state && $(`template[data-state="${state}"]`, banner.parentElement);
    banner.replaceChildren(sentence ? sentence.content.cloneNode(true) : "");
    banner.dataset.connection = sentence ? state : "";
    say(banner.textContent.trim());
    if (state === "back") goodbye = setTimeout(() => show(""), 5000);
  };
  const worst = () => ["ended", "offline", "lost"].find((state) => states[state]);
  const note = (state, holds) => {
    if (states[state] === holds) return;
    states[state] = holds;
    show(worst() || (holds ? "" : "back"));
  };
  addEventListener("offline", () => note("offline", true));
  addEventListener("online", () => note("offline", false));
  const lost = new Set();
  const source = (event) => event.detail?.elt || event.target;
  document.addEventListener("htmx:sseOpen", (event) => {
    lost.delete(source(event));
    note("lost", lost.size > 0);
  });
  /* A stream ends with its session: then the same address says so. */
  const askWhether = async (address) => {
    try {
      const { status } = await fetch(address, { method: "HEAD", cache: "no-store" });
      if (status === 401 || status < 300) note("ended", status === 401);
    } catch {
      /* the server is away, which the banner says */
    }
  };
  /* The bell is drawn again when the inbox changes, however many changes come at once. */
  let ringing = 0;
  const ring = async () => {
    const bell = $("#bell");
    if (!bell) return;
    try {
      const answer = await fetch("/bell", { cache: "no-store", headers: { accept: "text/html" } });
      const drawn = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("bell");
      if (drawn) bell.replaceChildren(...drawn.childNodes);
    } catch {
      /* the server is away: the next change draws it */
    }
  };
  const heard = (text) => {
    if (!text?.includes('"inbox"')) return;
    clearTimeout(ringing);
    ringing = setTimeout(ring, 300);
  };
  document.addEventListener("htmx:sseMessage", (event) => heard(event.detail?.data));
  /* A page whose stream is not that of its person listens while it is looked at: for the bell, and the end of the session. */
  let watched = null;
  const watch = () => {
    const address = document.body.dataset.session;
    if (!address) return;
    watched?.close();
    watched = null;
    if (document.hidden) return;
    if (states.ended) askWhether(address);
    if ($(`[data-sse-connect="${address}"]`)) return;
    watched = new EventSource(address);
    watched.addEventListener("error", () => askWhether(address));
    watched.addEventListener("changed", (event) => heard(event.data));
  };
  document.addEventListener("visibilitychange", watch);
  addEventListener("focus", () => states.ended && watch());
  addEventListener("pagehide", () => watched?.close());
  addEventListener("pageshow", (event) => event.persisted && watch());
  /* What cannot arrive is not sent, so that what was typed stays in its form. */
  document.addEventListener(
    "submit",
    (event) => {
      const { method } = event.target;
      if (method !== "post" || event.target.action.endsWith("/signin") || !(states.offline || states.ended)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const banner = $("[data-connection]");
      banner.setAttribute("tabindex", "-1");
      banner.focus();
      say(banner.textContent.trim());
    },
    true,
  );
  document.addEventListener("htmx:sseError", (event) => {
    lost.add(source(event));
    note("lost", true);
    if (event.detail?.source?.url && !states.ended) askWhether(event.detail.source.url);
  });
  document.addEventListener("htmx:sseClose", (event) => {
    lost.delete(source(event));
    if (event.detail?.type !== "message") note("lost", lost.size > 0);
  });
  document.addEventListener("session-ended", () => note("ended", true));
  document.addEventListener("htmx:sendError", () => {
    if (!navigator.onLine) note("offline", true);
    else show("failed");
  });
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) note("ended", true);
    else show("failed");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && shown === "failed") show(worst() || "");
  });

  /* Live region: what has changed, said once */

  const say = (text) => {
    const region = $("#live");
    if (!region || !text) return;
    region.textContent = "";
    setTimeout(() => (region.textContent = text), 50); /* a region that is filled at once is not read */
  };
  const said = new WeakMap();
  const announce = (within) => {
    const found = within.matches?.("[data-announce]") ? [within] : all("[data-announce]", within);
    const fresh = found.filter((each) => said.get(each) !== each.dataset.announce);
    for (const each of fresh) said.set(each, each.dataset.announce);
    say(fresh.map((each) => each.dataset.announce).join(" "));
  };
  document.addEventListener("announce", (event) => say(event.detail?.value || event.detail?.text));

  /* Focus: the element with the same id or `data-focus`, else what was swapped */

  let focused = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const active = document.activeElement;
    const inside = event.detail.target?.contains(active);
    focused = inside && active !== document.body ? { id: active.id, key: active.dataset.focus } : null;
  });
  const place = (target) => {
    const { id, key } = focused;
    const same = (id && document.getElementById(id)) || (key && $(`[data-focus="${CSS.escape(key)}"]`));
    if (same) return same;
    const otherwise = (target.isConnected && target !== document.body && target) || $("main") || document.body;
    if (!otherwise.hasAttribute("tabindex")) otherwise.setAttribute("tabindex", "-1");
    return otherwise;
  };
  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.detail.elt || event.target;
    const fault = $("[data-first-error]", target);
    if (fault) fault.focus();
    else if (focused && (document.activeElement === document.body || !document.activeElement.isConnected)) {
      place(target).focus({ preventScroll: true });
    }
    focused = null;
    announce(target);
    prepare(target);
  });
  document.addEventListener("htmx:pushedIntoHistory", () => {
    say(document.title);
    $("main")?.focus({ preventScroll: true });
  });

  /* What a person types: a form under `[data-keep]` that is open or was changed stays as it is when its page is drawn again */

  const isKept = (element) =>
    element.matches?.("[data-keep]") &&
    (element.open || all("textarea, input:not([type=hidden])", element).some((each) => each.value !== each.defaultValue));
  if (window.Idiomorph) Idiomorph.defaults.callbacks.beforeNodeMorphed = (old) => !isKept(old);

  /* Menus, copying */

  const close = (menu) => {
    menu.open = false;
    if (menu.contains(document.activeElement)) $("summary", menu).focus();
  };
  const menus = () => all("details[data-menu][open]");
  document.addEventListener("click", async (event) => {
    for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
    const theme = event.target.closest("[data-theme-choice]");
    if (theme) {
      event.preventDefault();
      chooseTheme(theme.value);
    }
    if (event.target.closest("[data-print]")) print();
    const copy = event.target.closest("[data-copy], [data-copy-from]");
    if (copy) {
      const text = copy.dataset.copy || document.getElementById(copy.dataset.copyFrom)?.textContent || "";
      await navigator.clipboard.writeText(text.trim());
      copy.classList.add("is-copied");
      say(copy.dataset.copied);
      setTimeout(() => copy.classList.remove("is-copied"), 2000);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") menus().forEach(close);
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey) && event.target.matches?.("[data-sends]")) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });
  const prepare = (within) => {
    if (!navigator.clipboard) for (const each of all("[data-copy], [data-copy-from]", within)) each.hidden = true;
  };

  root.classList.add("has-script");
  const start = () => {
    showTheme();
    prepare(document);
    for (const each of all("[data-announce]")) said.set(each, each.dataset.announce);
    $("[data-first-error]")?.focus();
    if (!navigator.onLine) note("offline", true);
    watch();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
