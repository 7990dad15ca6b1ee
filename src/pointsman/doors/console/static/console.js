// Keys, copying and the busy state. The pages work for reading, asking and opening rows without this file.
"use strict";
(() => {
  document.documentElement.classList.add("js");

  const links = () => [...document.querySelectorAll("main .row-link")];
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

  function move(by) {
    const all = links();
    if (!all.length) return;
    const row = document.activeElement.closest("tbody, li");
    let at = all.findIndex((link) => link === document.activeElement || (row && row.contains(link)));
    if (at < 0) at = all.findIndex((link) => link.getAttribute("aria-expanded") === "true");
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  function ask() {
    const field = document.getElementById("question");
    if (!field) return location.assign("/");
    field.focus();
    field.select();
  }

  // Of the open item: an approval is one key; a question, a text and a reason are only gone to.
  const seen = (key) => [...document.querySelectorAll(`.decide [data-key="${key}"]`)].find((part) => part.checkVisibility());

  function approve() {
    const button = seen("a");
    if (!button || button.disabled) return;
    if (button.form.dataset.uncertain) button.focus();
    else button.click();
  }

  function edit() {
    const fields = document.querySelector(".decide details.edit");
    if (!fields) return;
    fields.open = true;
    fields.querySelector("input, textarea").focus();
  }

  const keys = {
    a: approve,
    e: edit,
    r: () => seen("r")?.focus(),
    j: () => move(1),
    k: () => move(-1),
    "/": ask,
    "?": () => document.getElementById("keys").showModal(),
    Escape: () => document.querySelector('.row-link[aria-expanded="true"]')?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "a" && event.repeat) return;
    if (document.querySelector("dialog[open]") || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const parts = [...document.querySelectorAll(button.dataset.copy)].map((part) => part.textContent);
    try {
      await navigator.clipboard.writeText(parts.join("\n\n"));
      button.textContent = "Copied";
    } catch {
      button.textContent = "The browser does not allow copying";
    }
  });

  document.addEventListener("input", (event) => {
    const form = event.target.closest(".decide");
    if (!form) return;
    const changed = [...form.querySelectorAll("[data-original]")].some((field) => field.value !== field.dataset.original);
    form.classList.toggle("dirty", changed);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.busy) return;
    if (form.getAttribute("aria-busy") === "true") return event.preventDefault();
    form.setAttribute("aria-busy", "true");
    const note = document.createElement("div");
    note.className = "busy skeleton";
    note.setAttribute("role", "status");
    for (const text of [form.dataset.busy, "", ""]) {
      const line = document.createElement("p");
      line.textContent = text;
      note.append(line);
    }
    form.after(note);
  });

  // A page that comes back from the browser's memory is not busy any more.
  window.addEventListener("pageshow", () => {
    document.querySelectorAll(".busy").forEach((note) => note.remove());
    document.querySelectorAll("[aria-busy]").forEach((form) => form.removeAttribute("aria-busy"));
  });
})();
