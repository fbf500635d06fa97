/*
 * Pages of links of mails: what stands behind `#` goes into the field of the form, and out of the address bar and the
 * history. The field is shown where there is nothing, so that it can be copied there.
 */
(() => {
  "use strict";
  const fill = () => {
    const place = document.querySelector("[data-link-token]");
    const field = place?.querySelector("input");
    if (!field) return;
    const found = location.hash.slice(1);
    if (found) {
      field.value = decodeURIComponent(found);
      history.replaceState(null, "", location.pathname);
    }
    place.hidden = field.value !== "";
  };
  addEventListener("hashchange", fill); /* a link of a mail, opened where its page is open */
  fill();
})();
