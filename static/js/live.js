// Keeps a part of a page current: asks every few seconds whether its mark is still so, and renews it when it is not.
"use strict";
{
  const EVERY = 4000; // milliseconds: news is there within five seconds
  const clock = new Intl.DateTimeFormat("en-US", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const part = () => document.querySelector("[data-live]");
  let isAsking = false;

  function tell(text) {
    const line = Object.assign(document.createElement("p"), { className: "notice notice--critical", textContent: text });
    document.getElementById("problem").replaceChildren(...(text ? [line] : []));
  }

  function noteChecked() {
    tell("");
    const shown = document.querySelector("#updated time");
    if (shown) shown.textContent = clock.format(new Date());
  }

  // The mark comes with the part it belongs to: when renewing fails, the next question finds the same difference.
  async function ask() {
    const { live, mark } = part().dataset;
    const headers = { "HX-Request": "true", "HX-Trigger": "live", "If-None-Match": `"${mark}"` };
    const answer = await fetch(live, { headers, cache: "no-store", signal: AbortSignal.timeout(EVERY) });
    const door = answer.headers.get("HX-Redirect");
    if (door) window.location.assign(door);
    else if (answer.status === 304) noteChecked();
    else if (answer.ok) window.htmx.trigger(part(), "refresh");
    else throw new Error(`error ${answer.status}`);
  }

  async function look() {
    if (isAsking || document.hidden || !part()) return;
    isAsking = true;
    try {
      await ask();
    } catch (problem) {
      const why = problem.message.startsWith("error") ? problem.message : "no connection";
      tell(`This page could not be renewed (${why}): what you see is old. Trying again.`);
    } finally {
      isAsking = false;
    }
  }

  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
}
