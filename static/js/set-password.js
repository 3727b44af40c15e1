// The secret of a mailed link stands behind its #: taken from there, and out of the address bar and the history.
"use strict";
{
  const byId = (id) => document.getElementById(id);
  const form = byId("set-password");

  function takeSecret() {
    const secret = decodeURIComponent(location.hash.slice(1));
    if (!secret) return;
    history.replaceState(null, "", location.pathname);
    form.elements.token.value = secret;
    byId("secret-of-link").hidden = true;
    byId("expired").hidden = true;
    form.hidden = false;
    form.elements.password.focus();
  }

  window.addEventListener("hashchange", takeSecret); // another link, followed in this very tab
  takeSecret();
}
