// Leaving quickly: the button, or Shift pressed three times on its own within five seconds.
// The page is emptied first, so nothing is left to see while the next site loads, nor when someone goes back.
// Without this script the button is a plain form: the server ends the session and sends the browser away.
(() => {
  "use strict";
  const form = document.querySelector("form[data-exit]");
  if (!form) return;
  const status = form.querySelector(".exit-count");
  const words = status.dataset.words.split("|");
  const away = form.dataset.exit;
  const end = form.action;
  const sent = new FormData(form);
  sent.append("beacon", "yes"); // the script goes to the other site itself: the answer need not lead there
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("leave") : null;
  let left = false;

  function cover() {
    left = true;
    document.documentElement.classList.add("left");
    document.body.replaceChildren();
    document.title = "\u2026";
  }

  // The browser may send this late, or never on a bad line. The cookie is there at once: whatever is asked for next,
  // by going back or in another page, ends the sign-in as well.
  function endSession() {
    try {
      const safe = window.location.protocol === "https:" ? "; Secure" : "";
      document.cookie = form.dataset.left + "=yes; Path=/; Max-Age=43200; SameSite=Lax" + safe;
      if (navigator.sendBeacon && navigator.sendBeacon(end, sent)) return;
      fetch(end, { method: "POST", body: sent, keepalive: true, redirect: "manual" }).catch(() => {});
    } catch { /* leaving matters more */ }
  }

  function leave() {
    if (left) return;
    cover();
    endSession();
    if (tabs) tabs.postMessage("leave");
    try { sessionStorage.clear(); } catch { /* storage may be shut */ }
    window.location.replace(away);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    leave();
  });

  // Other open pages of this site leave as well.
  if (tabs) tabs.onmessage = () => {
    if (left) return;
    cover();
    window.location.replace(away);
  };

  // A page brought back from the browser's memory asks the server again before it shows anything.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });

  let presses = [];
  let alone = false;

  function forget() {
    presses = [];
    status.textContent = "";
  }

  window.addEventListener("keydown", (event) => {
    if (event.key === "Shift") {
      if (!event.repeat) alone = !(event.ctrlKey || event.altKey || event.metaKey);
    } else {
      alone = false; // a capital letter, or Shift and Tab
      if (presses.length) forget();
    }
  }, true);

  window.addEventListener("pointerdown", () => { alone = false; }, true);

  window.addEventListener("keyup", (event) => {
    if (event.key !== "Shift" || !alone) return;
    alone = false;
    const now = event.timeStamp;
    presses = presses.filter((press) => now - press < 5000).concat(now);
    if (presses.length >= 3) return leave();
    status.textContent = words[presses.length - 1];
    window.setTimeout(() => {
      if (presses[presses.length - 1] === now) forget();
    }, 5000);
  }, true);
})();
