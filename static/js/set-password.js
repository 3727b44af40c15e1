// The secret of a mailed link stands behind its #: taken from there, and out of the address bar and the history.
"use strict";
{
  const secret = decodeURIComponent(location.hash.slice(1));
  const form = document.getElementById("set-password");
  if (location.hash) history.replaceState(null, "", location.pathname);
  if (form && secret) {
    form.elements.token.value = secret;
    document.getElementById("secret-of-link").hidden = true;
    form.elements.password.focus();
  }
}
