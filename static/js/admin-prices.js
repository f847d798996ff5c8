// The list of prices to look at: after a line is saved, the next one's field is ready to type in;
// where a line came back with a question, that question is.

let answered = "";

document.body.addEventListener("htmx:beforeRequest", ({ target }) => {
  const row = target.closest(".work__row");
  row?.querySelector(".work__failed")?.remove();
  answered = row?.id ?? "";
});

// Whoever signed in again in another tab has another token than the page was opened with.
document.body.addEventListener("htmx:configRequest", ({ detail: { parameters } }) => {
  const token = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1];
  if (token) parameters.csrfmiddlewaretoken = token;
});

document.body.addEventListener("htmx:responseError", ({ detail: { elt, xhr } }) => {
  say(elt, xhr.status === 401 ? xhr.responseText : (FAILED[xhr.status] ?? failed(xhr.status)));
});

document.body.addEventListener("htmx:sendError", ({ detail: { elt } }) => {
  say(elt, "No answer came, so this may not be saved. Once you are online, press the button again.");
});

const FAILED = {
  403: "Not saved: you may not do this, or the page is too old. Note what you typed and load it anew.",
  404: "Not saved: this one was deleted meanwhile. Load the page anew.",
  429: "Not saved: too much was asked of the site at once. Wait a minute and press the button again.",
};

function failed(status) {
  return `Not saved: the site answered with an error (${status}). Press the button again in a minute.`;
}

function say(elt, words) {
  const row = elt.closest(".work__row");
  if (!row) return;
  answered = "";
  const said = document.createElement("p");
  said.className = "work__error work__failed";
  said.setAttribute("role", "alert");
  said.textContent = words;
  row.querySelector("form").append(said);
  // The button that was pressed was off while the answer was on its way.
  if (document.activeElement === document.body) row.querySelector("input[name=usd]")?.focus();
}

document.body.addEventListener("htmx:afterSettle", () => {
  const row = document.getElementById(answered);
  // Whoever has gone on to another line already is left there.
  if (!row || (document.activeElement !== document.body && !row.contains(document.activeElement)))
    return;
  answered = "";
  fieldOf(row)?.focus();
});

function fieldOf(row) {
  const wrong = row.querySelector("[aria-invalid]");
  // Asked whether it is right, one answers beside the question.
  if (wrong) return row.querySelector(".work__field--confirmed input") ?? wrong;
  if (row.querySelector(".work__error")) return row.querySelector("input[name=usd]");
  for (let next = row.nextElementSibling; next; next = next.nextElementSibling) {
    const field = next.querySelector("input[name=usd]");
    if (field) return field;
  }
  return null;
}
