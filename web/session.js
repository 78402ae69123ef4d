// The access token: from the address bar's fragment or the sign-in form, kept for this tab only.

const key = "hoist.token";

export function takeTokenFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  sessionStorage.setItem(key, given);
  // The token must not stay in the address bar, in bookmarks or in the history.
  history.replaceState(null, "", location.pathname + location.search);
}

// The ticket of a sign-in link, which is exchanged for a token and good for that once.
export function takeTicketFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("sign-in");
  if (given) history.replaceState(null, "", location.pathname + location.search);
  return given;
}

export function token() {
  return sessionStorage.getItem(key);
}

export function keepToken(text) {
  sessionStorage.setItem(key, text.trim());
}

export function forgetToken() {
  sessionStorage.removeItem(key);
}
