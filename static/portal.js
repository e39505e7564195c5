// What the portal adds where scripts run. Every page works without it.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const typing = (element) => element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

  // Parts that need this file are hidden until it runs.
  function reveal(root) {
    for (const part of all("[data-print], [data-copy], [data-keys]", root)) part.hidden = false;
  }

  // Focus goes where the answer is: an error summary, the field that asks for it, else the heading of what came.
  function focusAfterSwap(root) {
    const target = root.querySelector?.(".error-summary, [autofocus]") ?? (root.matches?.("[data-rows]") ? null : root.querySelector?.("h1, h2"));
    if (!target) return;
    if (target.matches("h1, h2")) target.tabIndex = -1;
    target.focus();
  }

  document.addEventListener("htmx:after:settle", (event) => {
    reveal(document);
    for (const node of event.detail.newContent ?? []) {
      if (node.nodeType === Node.ELEMENT_NODE) return focusAfterSwap(node);
    }
  });

  // Enter that ends a Japanese conversion is not a decision to submit.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) {
      if (!event.target.closest("textarea")) event.preventDefault();
      event.stopPropagation();
    }
  }, true);

  // Leaving a form with unsaved typing is asked about; sending it is not.
  let unsaved = false;
  document.addEventListener("input", (event) => {
    if (event.target.closest("form[data-leave-warning]")) unsaved = true;
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });

  // A second press while the first is on its way does nothing. The server keeps the promise; this only spares a wait.
  const sending = new WeakSet();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (sending.has(form)) return event.preventDefault();
    unsaved = false;
    sending.add(form);
    event.submitter?.setAttribute("aria-disabled", "true");
    setTimeout(() => release(form), 8000);
  });
  function release(form) {
    sending.delete(form);
    for (const button of all("[aria-disabled]", form)) button.removeAttribute("aria-disabled");
  }
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of document.forms) release(form);
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if ("print" in button.dataset) window.print();
    if ("copy" in button.dataset) {
      const word = button.querySelector(".copy-word");
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        word.textContent = "コピーしました";
      } catch {
        word.textContent = "コピーできませんでした";
      }
      button.setAttribute("aria-live", "polite");
      setTimeout(() => { word.textContent = "コピー"; }, 4000);
    }
    if ("keysOpen" in button.dataset) document.querySelector("[data-keys-dialog]").showModal();
  });

  // Keys of the queue: / search, j k rows, x select, ? help. Switched off in the help; the choice stays on this machine.
  const SWITCH = "portal.keys";
  const keysOn = () => localStorage.getItem(SWITCH) !== "off";
  for (const box of all("[data-keys-on]")) {
    box.checked = keysOn();
    box.addEventListener("change", () => localStorage.setItem(SWITCH, box.checked ? "on" : "off"));
  }

  const rows = () => all("[data-queue] tbody tr").filter((row) => row.querySelector("a, input"));
  function step(by) {
    const list = rows();
    const at = list.findIndex((row) => row.contains(document.activeElement));
    const next = list[at < 0 ? 0 : Math.min(Math.max(at + by, 0), list.length - 1)];
    next?.querySelector("a[href]")?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  const keys = {
    "/": () => document.querySelector("form[role=search] input[type=text]")?.focus(),
    j: () => step(1),
    k: () => step(-1),
    x: () => document.activeElement?.closest("tr")?.querySelector(".row-check input")?.click(),
    "?": () => document.querySelector("[data-keys-dialog]")?.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (!document.querySelector("[data-queue]") || !keysOn() || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    const act = keys[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });

  reveal(document);
})();
