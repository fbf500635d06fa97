/*
 * Videos and recordings: goes on where the learner has stopped, and tells the campus what is played.
 *
 * A batch is sent when the learner pauses, leaves, is at the end, and every minute. One that was not answered is sent
 * again as it is; one that comes too early, after too many, becomes a part of the next one. Without this script a video
 * plays, and nothing of it is recorded.
 */
(() => {
  "use strict";
  const media = document.querySelector("[data-viewing]");
  if (!media) return;
  const EVERY = 60_000;
  const { viewing, run, unit, position } = media.dataset;
  const stored = (key, make) => {
    try {
      const found = localStorage.getItem(key) || make();
      localStorage.setItem(key, found);
      return found;
    } catch {
      return make(); /* storage is shut: this page counts for itself */
    }
  };
  const random = () => [...crypto.getRandomValues(new Uint8Array(8))].map((each) => each.toString(16).padStart(2, "0")).join("");
  const device = stored("campus-device", random);
  const countKey = `campus-viewed:${run}:${unit}`;
  let count = Number(stored(countKey, () => "0"));
  const ms = () => Math.round(media.currentTime * 1000);

  let segments = []; /* from where to where, since the last batch */
  let begun = null; /* where what plays now has begun, in the media */
  let last = 0; /* the place of the last report of the media */
  let since = null; /* when it has begun, by the clock */
  let seconds = 0;
  let waiting = null; /* a batch that was not answered */

  const close = () => {
    if (begun === null) return;
    if (last > begun) segments.push([begun, last]);
    seconds += (Date.now() - since) / 1000;
    begun = since = null;
  };
  const open = () => {
    begun = last = ms();
    since = Date.now();
  };

  const batch = () => {
    count += 1;
    try {
      localStorage.setItem(countKey, String(count));
    } catch {
      /* as above */
    }
    const made = { run_id: run, unit_id: unit, device, client_seq: count, segments: segments.slice(-200), position_ms: ms() };
    made.seconds = Math.min(Math.ceil(seconds), 86400);
    segments = [];
    seconds = 0;
    return { made, at: Date.now() };
  };
  const merge = (refused) => {
    segments = [...refused.made.segments, ...segments];
    seconds += refused.made.seconds;
  };
  const send = async (leaving = false) => {
    const plays = begun !== null;
    close();
    if (plays && !media.paused) open();
    if (waiting?.sent) return; /* one at a time */
    if (!waiting && !segments.length) return;
    const now = waiting || batch();
    waiting = now;
    now.sent = true;
    const body = { ...now.made, seconds_ago: Math.round((Date.now() - now.at) / 1000) };
    try {
      const answer = await fetch(viewing, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        keepalive: leaving,
      });
      waiting = answer.status >= 500 ? now : null;
      if (answer.status === 429) merge(now);
    } catch {
      waiting = now;
    }
    now.sent = false;
  };

  const resume = () => {
    const at = Number(position) / 1000;
    if (at > 1 && at < media.duration - 2 && media.currentTime < 1) media.currentTime = at;
  };
  if (media.readyState >= 1) resume();
  else media.addEventListener("loadedmetadata", resume, { once: true });
  media.addEventListener("playing", () => begun === null && open());
  media.addEventListener("timeupdate", () => {
    if (begun !== null && !media.seeking) last = Math.max(last, ms());
  });
  media.addEventListener("seeking", () => close());
  media.addEventListener("seeked", () => !media.paused && open());
  media.addEventListener("pause", () => send());
  media.addEventListener("ended", () => send());
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && send(true));
  addEventListener("pagehide", () => send(true));
  setInterval(() => begun !== null && send(), EVERY);
})();
