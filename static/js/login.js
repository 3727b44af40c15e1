// Sign-in in two steps: the code is asked for once the password was right. Without scripts both stand on one page.
"use strict";
{
  const byId = (id) => document.getElementById(id);
  const form = byId("login");
  const button = form.querySelector("button[type=submit]");

  function show(asksCode) {
    byId("first-step").hidden = asksCode;
    byId("second-step").hidden = !asksCode;
    byId("forgot").hidden = asksCode;
    byId("start-over").hidden = !asksCode;
    const field = byId(asksCode ? "code" : "password");
    if (asksCode) field.value = byId("recovery_code").value = "";
    field.focus();
    if (!asksCode) field.select();
  }

  function tell(text, isCalm) {
    document.querySelectorAll(".door > .notice").forEach((notice) => notice.remove());
    const line = document.createElement("p");
    line.className = isCalm ? "notice" : "notice notice--critical";
    line.textContent = text;
    byId("refusal").replaceChildren(line);
  }

  function read(page) {
    const fresh = page.getElementById("login");
    const said = page.querySelector("#problem-text") ?? page.querySelector("main .door > p");
    const asksCode = Boolean(fresh) && "asksCode" in fresh.dataset;
    tell(said ? said.textContent : "That did not work. Reload the page and try again.", asksCode);
    if (fresh) form.elements.csrf_token.value = fresh.elements.csrf_token.value;
    show(asksCode);
  }

  async function signIn() {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body, redirect: "manual" });
    if (answer.type === "opaqueredirect") return location.assign(form.dataset.onward);
    return read(new DOMParser().parseFromString(await answer.text(), "text/html"));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    signIn()
      .catch(() => tell("There is no connection. Try again.", false))
      .finally(() => { button.disabled = false; });
  });
  form.querySelector(".only-plain").hidden = true;
  if (!("asksCode" in form.dataset)) byId("second-step").hidden = true;
}
