// Copying and printing the recovery codes, where the browser can.
"use strict";
{
  const byId = (id) => document.getElementById(id);
  const codes = [...byId("codes").querySelectorAll("code")].map((code) => code.textContent).join("\n");

  byId("print-codes").hidden = false;
  byId("print-codes").addEventListener("click", () => window.print());
  if (navigator.clipboard) {
    byId("copy-codes").hidden = false;
    const tell = (text) => { byId("copied").textContent = text; };
    byId("copy-codes").addEventListener("click", () => navigator.clipboard.writeText(codes).then(
      () => tell("Copied. Paste them where they are safe, and then copy something else."),
      () => tell("Copying did not work. Print them, or write them down."),
    ));
  }
}
