// What every page of the console does in the browser: local times, news for screen readers, honest failures, log-off.
"use strict";
{
  const IDLE_MINUTES = 15; // the server's own limit; pages must not outlive it
  const WARN_MINUTES = 14;
  const LAST_ACTIVE = "vantrexia-last-active"; // shared by all tabs

  const clock = new Intl.DateTimeFormat("en-US", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const day = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const thisYear = new Intl.DateTimeFormat("en-US", day);
  const anyYear = new Intl.DateTimeFormat("en-US", { ...day, year: "numeric" });

  let watch;
  let isLeaving = false;

  const byId = (id) => document.getElementById(id);

  function localTime(element) {
    const at = new Date(element.dateTime);
    const format = at.getFullYear() === new Date().getFullYear() ? thisYear : anyYear;
    element.textContent = element.dataset.show === "clock" ? clock.format(at) : format.format(at);
    element.title = element.dateTime;
  }

  function showLocalTimes(root) {
    root.querySelectorAll("time[data-show]").forEach(localTime);
  }

  // A live region that is replaced says nothing, one that says the same again is noise: copy what is new.
  function announce(root) {
    const source = root.matches("[data-announce]") ? root : root.querySelector("[data-announce]");
    const news = byId("news");
    if (source && news.dataset.said !== source.dataset.announce) {
      if (news.dataset.said) news.textContent = source.dataset.announce;
      news.dataset.said = source.dataset.announce;
    }
  }

  function tellProblem(text) {
    const line = document.createElement("p");
    line.className = "notice notice--critical";
    line.textContent = text;
    byId("problem").replaceChildren(...(text ? [line] : []));
  }

  function isPoll(event) {
    return ["board", "progress", "readings", "bell"].includes(event.detail.elt.id);
  }

  document.addEventListener("htmx:load", (event) => {
    showLocalTimes(event.detail.elt);
    announce(event.detail.elt);
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (isPoll(event) && (document.hidden || isLeaving)) event.preventDefault();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) return tellProblem("");
    if (event.detail.xhr.getResponseHeader("HX-Redirect")) return undefined;
    const why = event.detail.xhr.status ? `error ${event.detail.xhr.status}` : "no connection";
    tellProblem(
      isPoll(event)
        ? `This page could not be renewed (${why}): what you see is old. Trying again.`
        : `That did not work (${why}). Reload the page and try again.`,
    );
  });

  // Automatic log-off: the board's own requests keep the session alive, so it is the person who must be there.
  function idleMinutes() {
    return (Date.now() - Number(localStorage.getItem(LAST_ACTIVE))) / 60_000;
  }

  function noteActivity() {
    localStorage.setItem(LAST_ACTIVE, String(Date.now()));
    byId("idle-notice").hidden = true;
  }

  function watchIdleness() {
    const idle = idleMinutes();
    if (idle >= IDLE_MINUTES) return logOut();
    const notice = byId("idle-notice");
    if (idle >= WARN_MINUTES && notice.hidden) {
      notice.textContent = "You will be signed out in a minute. Press any key or click to stay.";
      notice.hidden = false;
    }
    return undefined;
  }

  function logOut() {
    clearInterval(watch);
    isLeaving = true;
    const form = byId("logout");
    const reason = Object.assign(document.createElement("input"), { type: "hidden", name: "idle", value: "1" });
    form.append(reason);
    form.submit();
  }

  // The account menu closes as menus do: by Escape, and by a click or the focus elsewhere.
  function closeMenu(menu) {
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    for (const kind of ["pointerdown", "focusin"]) {
      document.addEventListener(kind, (event) => { if (!menu.contains(event.target)) menu.open = false; });
    }
  }

  // Where the window is narrow many filters would push the list off the first screen: they fold away.
  function foldFilters() {
    const narrow = matchMedia("(max-width: 48rem)");
    const fold = () => document.querySelectorAll("[data-fold]").forEach((one) => { one.open = !narrow.matches; });
    narrow.addEventListener("change", fold);
    fold();
  }

  foldFilters();
  showLocalTimes(document);
  announce(document.body);
  if (byId("account-menu")) closeMenu(byId("account-menu"));
  if (byId("logout")) {
    const zone = byId("time-zone"); // absent where times are by the practice's clock
    if (zone) zone.textContent = `your time zone (${Intl.DateTimeFormat().resolvedOptions().timeZone})`;
    noteActivity();
    for (const kind of ["keydown", "pointerdown", "wheel"]) document.addEventListener(kind, noteActivity, { passive: true });
    watch = setInterval(watchIdleness, 5_000);
  }
}
