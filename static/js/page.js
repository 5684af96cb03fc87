// Small helps. Every page works without them.
(() => {
  "use strict";

  function reveal(root) {
    root.querySelectorAll("[data-show-password][hidden]").forEach((button) => { button.hidden = false; });
    root.querySelectorAll("[data-typed-date][hidden]").forEach((hint) => {
      const input = document.getElementById(hint.dataset.typedDate);
      if (!input || input.type === "date") return; // the browser has a calendar of its own
      hint.hidden = false;
      input.setAttribute("aria-describedby", `${input.getAttribute("aria-describedby") || ""} ${hint.id}`.trim());
    });
  }

  function take(element) {
    if (!element.matches("a[href], button, input, select, textarea, [tabindex]")) element.tabIndex = -1;
    element.focus();
  }

  function within(root, selector) {
    return root.matches(selector) ? root : root.querySelector(selector);
  }

  // What went wrong, or what was done, takes the focus when the page opens.
  reveal(document);
  const first = document.querySelector(".error-summary[data-focus]") || document.querySelector("[data-focus]");
  if (first && !window.location.hash) take(first);

  // The same after htmx has changed a part; and the focus never falls off the page.
  const losing = new WeakSet();
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    const token = xhr.getResponseHeader("X-Fresh-Token"); // this page is older than its sign-in
    if (token) {
      document.querySelectorAll("input[name=csrf_token]").forEach((input) => { input.value = token; });
      document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
    }
    if (document.activeElement !== document.body && target.contains(document.activeElement)) losing.add(xhr);
    if (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget")) { // the server has found its own words for it
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const part = event.target;
    if (!(part instanceof Element) || !part.isConnected) return;
    reveal(part);
    const wanted = within(part, "[data-focus]");
    if (wanted) take(wanted);
    else if (losing.has(event.detail.xhr) && (document.activeElement === document.body || !document.activeElement)) {
      take(within(part, "h1, h2, h3, .card-title") || part);
    }
  });

  // When the server cannot be reached or breaks, say so in the message area.
  function trouble() {
    const words = document.getElementById("trouble");
    const messages = document.getElementById("messages");
    if (!words || !messages) return;
    messages.replaceChildren(words.content.cloneNode(true));
    messages.scrollIntoView({ block: "nearest" });
  }
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((name) => document.addEventListener(name, trouble));

  // A second tap on a plain form within a few seconds is a slip, not a second hour.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.hasAttribute("data-exit") || form.method === "get") return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    window.setTimeout(() => { delete form.dataset.sent; }, 4000);
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
  });

  // A field named in the error summary may lie in a part that is folded up.
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".error-summary a");
    const field = link && document.getElementById(link.hash.slice(1));
    for (let part = field && field.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show-password]");
    if (!button) return;
    const input = document.getElementById(button.getAttribute("aria-controls"));
    const shown = input.type === "text";
    input.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
  });
})();
