// Board and queue by keyboard: one row is current, single keys act on it. Keys do nothing while somebody types.
"use strict";
{
  const byId = (id) => document.getElementById(id);
  const rows = () => [...document.querySelectorAll("tr[data-row]")];
  const current = () => document.activeElement?.closest("tr[data-row]") ?? byId(lastRow);
  const drawer = byId("drawer");
  let lastRow = "";
  let lastPlace = 0; // where the current row stood, for when it is gone
  let wanted = ""; // what has the focus once the drawer is there

  function goTo(row) {
    if (!row) return;
    rows().forEach((one) => { one.tabIndex = one === row ? 0 : -1; });
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  function step(by) {
    const all = rows();
    const at = all.indexOf(current());
    const place = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
    goTo(all[place]);
    if (drawer.childElementCount) show(all[place], "");
  }

  function show(row, focus) {
    if (!row) return undefined;
    const shown = byId("drawer-panel");
    if (focus && shown && row.dataset.drawer.endsWith(shown.dataset.patient)) return drawer.querySelector(focus)?.focus();
    wanted = focus;
    return window.htmx.ajax("GET", row.dataset.drawer, { target: "#drawer", swap: "innerHTML" });
  }

  function close() {
    if (!drawer.childElementCount) return;
    drawer.replaceChildren();
    goTo(byId(lastRow) ?? rows()[lastPlace] ?? rows()[0]);
  }

  function acknowledge(row) {
    const button = row?.querySelector('button[name="only"]');
    if (button) return button.click();
    if (row?.dataset.acknowledge) {
      wanted = "row";
      window.htmx.ajax("POST", row.dataset.acknowledge, { target: "#drawer", swap: "innerHTML" });
    }
    return undefined;
  }

  const KEYS = {
    j: () => step(1),
    n: () => step(1),
    ArrowDown: () => step(1),
    k: () => step(-1),
    ArrowUp: () => step(-1),
    a: () => acknowledge(current()),
    A: () => byId("acknowledge-ticked")?.click(),
    x: () => { const box = current()?.querySelector('input[type="checkbox"]'); if (box) box.checked = !box.checked; },
    e: () => show(current(), "[data-escalate] select"),
    r: () => show(current(), "[data-review] input:not([type=hidden])"),
    o: () => { const row = current(); if (row) window.location.assign(row.dataset.open); },
    "?": () => { byId("keys").open = !byId("keys").open; },
  };

  function isTyping(element) {
    return element.matches("input:not([type=checkbox]), select, textarea") || element.isContentEditable;
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return close();
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return undefined;
    if (event.key === "Enter" && event.target.matches("tr[data-row]")) {
      if (byId("queue")) window.location.assign(event.target.dataset.open);
      else show(event.target, "#drawer-title");
      return event.preventDefault();
    }
    if (!(event.key in KEYS)) return undefined;
    event.preventDefault();
    return KEYS[event.key]();
  });

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("tr[data-row]");
    if (!row) return;
    lastRow = row.id;
    lastPlace = rows().indexOf(row);
  });

  // What was refused is shown where the form stood.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "drawer" || ![400, 409].includes(event.detail.xhr.status)) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "drawer") return;
    const button = drawer.querySelector("[data-close]");
    if (button) button.hidden = false;
    if (event.detail.requestConfig.verb === "post") {
      if (byId("board")) window.htmx.trigger("#board", "refresh");
      if (byId("queue")) window.htmx.ajax("GET", window.location.href, { target: "#queue", select: "#queue", swap: "outerHTML" });
      if (wanted !== "row") drawer.querySelector("[role=alert]") ?? drawer.querySelector("#drawer-title").focus();
    } else if (wanted && wanted !== "row") {
      drawer.querySelector(wanted)?.focus();
    }
    wanted = "";
  });

  // A row that has gone gives the focus to the one that took its place.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!["queue", "board"].includes(event.detail.target.id) && !byId("queue")) return;
    const isLost = document.activeElement === document.body || !document.activeElement;
    if (isLost && lastRow) goTo(byId(lastRow) ?? rows()[Math.min(lastPlace, rows().length - 1)]);
    if (isLost && !rows().length) byId("queue-empty")?.focus();
  });

  drawer.addEventListener("click", (event) => { if (event.target.closest("[data-close]")) close(); });
}
