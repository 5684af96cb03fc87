// Passkeys: asks the browser for one, puts what it answers into the form, and sends the form as any other.
// Without this script, or in a browser without passkeys, everything is done by password and code.
(() => {
  "use strict";
  const forms = document.querySelectorAll("form[data-passkey]");
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  function bytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  }

  function letters(buffer) {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function described(keys) {
    return (keys || []).map((key) => ({ ...key, id: bytes(key.id) }));
  }

  function make(options) {
    return navigator.credentials.create({ publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: described(options.excludeCredentials),
    } });
  }

  function use(options) {
    return navigator.credentials.get({ publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: described(options.allowCredentials),
    } });
  }

  function asWords(credential) {
    const response = {};
    ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].forEach((part) => {
      if (credential.response[part]) response[part] = letters(credential.response[part]);
    });
    return JSON.stringify({
      id: credential.id, rawId: letters(credential.rawId), type: credential.type, response, clientExtensionResults: {},
    });
  }

  function begin(form) {
    const token = form.elements.csrf_token.value;
    return fetch(form.dataset.options, {
      method: "POST", body: new URLSearchParams({ csrf_token: token }), redirect: "manual",
    });
  }

  async function ask(form) {
    let answer = await begin(form);
    const token = answer.headers.get("X-Fresh-Token"); // this page is older than its sign-in
    if (token) {
      document.querySelectorAll("input[name=csrf_token]").forEach((input) => { input.value = token; });
      answer = await begin(form);
    }
    // Signed out meanwhile, or it is asked afresh who it is: the page itself says so.
    if (answer.type === "opaqueredirect" || answer.status === 403) return window.location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    const options = await answer.json();
    const credential = await (form.dataset.passkey === "make" ? make(options) : use(options));
    form.elements.credential.value = asWords(credential);
    const shared = document.getElementById("field-shared_device");
    if (shared && form.elements.shared_device) form.elements.shared_device.value = shared.checked ? "yes" : "";
    form.submit();
  }

  forms.forEach((form) => {
    const trouble = form.querySelector("[data-trouble]");
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      trouble.textContent = "";
      ask(form).catch(() => { trouble.textContent = trouble.dataset.trouble; });
    });
  });
})();
