// The list of notifications by keyboard: j and k move, r marks as read, o opens the patient.
"use strict";
{
  const list = document.getElementById("told-list");
  const lines = () => [...list.querySelectorAll(".told")];
  const here = () => document.activeElement.closest?.(".told");

  function step(by) {
    const all = lines();
    const at = all.indexOf(here());
    const next = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
    next?.focus();
  }

  function press(event) {
    const isTyping = event.target.matches("input, select, textarea");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      j: () => step(1),
      k: () => step(-1),
      r: () => here()?.querySelector("[data-read]")?.click(),
      o: () => here()?.querySelector("a")?.click(),
    }[event.key];
    if (act) act();
  }

  if (list) {
    document.querySelector(".keys").hidden = false;
    document.addEventListener("keydown", press);
    // The line that was marked is replaced: whoever was on it stays there.
    document.addEventListener("htmx:afterSwap", (event) => {
      const id = event.detail.target.id;
      if (id.startsWith("told-")) document.getElementById(id)?.focus();
    });
  }
}
