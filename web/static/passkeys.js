/*
 * Passkeys: elements with `data-passkey` (signin, add, confirm) have a button that asks the machine for one, and lead on
 * to `data-next`, or send the form with the id of `data-then`. They are hidden where no passkey can be had.
 */
(() => {
  "use strict";
  const elements = document.querySelectorAll("[data-passkey]");
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
    for (const element of elements) element.hidden = true;
    return;
  }

  const send = async (path, body) => {
    const answer = await fetch(`/v1/auth/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const content = await answer.json();
    if (!answer.ok) throw new Error(content.detail);
    return content;
  };
  const signed = async () => {
    const { state, options } = await send("passkeys/challenge", {});
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const credential = await navigator.credentials.get({ publicKey });
    return { state, credential: credential.toJSON() };
  };
  const ways = {
    signin: async () => send("login/passkey", await signed()),
    confirm: async () => send("confirm", { passkey: await signed() }),
    add: async (element) => {
      const { state, options } = await send("passkeys/begin", {});
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
      const credential = await navigator.credentials.create({ publicKey });
      return send("passkeys", { state, credential: credential.toJSON(), label: element.dataset.label });
    },
  };
  for (const element of elements) {
    const said = document.createElement("p");
    said.setAttribute("role", "alert");
    said.className = "field-error mt-2";
    element.after(said);
    element.addEventListener("click", async () => {
      said.textContent = "";
      try {
        const answer = await ways[element.dataset.passkey](element);
        const codes = answer.recovery_codes || [];
        if (codes.length) {
          said.className = "font-mono mt-2";
          said.textContent = codes.join("  ");
        } else if (element.dataset.then) {
          /* its empty field for another proof is no fault, and one of its fields may be called `submit` */
          HTMLFormElement.prototype.submit.call(document.getElementById(element.dataset.then));
        } else location.assign(element.dataset.next);
      } catch (error) {
        said.textContent = `${element.dataset.refused} ${error.message || ""}`;
      }
    });
  }
})();
