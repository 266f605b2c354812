/* Passkeys. A form with data-passkey asks the browser for a credential, puts it into its field and sends itself.
   data-passkey: "sign-in" (options are fetched from the form's address), "use" or "create" (options in data-options). */
(() => {
  "use strict";

  const supported = Boolean(window.PublicKeyCredential && navigator.credentials);

  const toBuffer = (text) => {
    const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer;
  };

  const toText = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

  const descriptors = (list) => (list || []).map((one) => ({ ...one, id: toBuffer(one.id) }));

  const create = async (options, form) => {
    const publicKey = { ...options.publicKey };
    publicKey.challenge = toBuffer(publicKey.challenge);
    publicKey.user = { ...publicKey.user, id: toBuffer(publicKey.user.id) };
    publicKey.excludeCredentials = descriptors(publicKey.excludeCredentials);
    const alone = form.elements.passwordless;
    if (alone) {
      const selection = { ...publicKey.authenticatorSelection };
      selection.residentKey = alone.checked ? "required" : "discouraged";
      selection.requireResidentKey = alone.checked;
      if (alone.checked) selection.userVerification = "required";
      publicKey.authenticatorSelection = selection;
    }
    const made = await navigator.credentials.create({ publicKey });
    return answer(made, {
      attestationObject: toText(made.response.attestationObject),
      transports: made.response.getTransports ? made.response.getTransports() : [],
    });
  };

  const get = async (options) => {
    const publicKey = { ...options.publicKey };
    publicKey.challenge = toBuffer(publicKey.challenge);
    publicKey.allowCredentials = descriptors(publicKey.allowCredentials);
    const found = await navigator.credentials.get({ publicKey });
    return answer(found, {
      authenticatorData: toText(found.response.authenticatorData),
      signature: toText(found.response.signature),
      userHandle: found.response.userHandle ? toText(found.response.userHandle) : null,
    });
  };

  const answer = (credential, more) => ({
    type: credential.type,
    id: credential.id,
    rawId: toText(credential.rawId),
    authenticatorAttachment: credential.authenticatorAttachment,
    response: { clientDataJSON: toText(credential.response.clientDataJSON), ...more },
    clientExtensionResults: credential.getClientExtensionResults(),
  });

  const options = async (form) => {
    if (form.dataset.options) return JSON.parse(form.dataset.options);
    const response = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    return (await response.json()).request_options;
  };

  const say = (form, text) => {
    const place = form.querySelector("[data-passkey-message]");
    place.textContent = text;
    place.hidden = false;
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!supported) {
      if (form.dataset.passkeyMissing) say(form, form.dataset.passkeyMissing);
      continue;
    }
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const wanted = await options(form);
        const credential = await (form.dataset.passkey === "create" ? create(wanted, form) : get(wanted));
        form.elements.credential.value = JSON.stringify(credential);
        HTMLFormElement.prototype.submit.call(form);
      } catch {
        say(form, form.dataset.passkeyFailed);
      }
    });
  }
})();
