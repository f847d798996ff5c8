// A form whose answer is swapped as one types: says when an answer is on its way, and marks the
// fields that an answer found fault with. The words come with the answer, but the fields
// themselves are never swapped, as a visitor may be typing in one.

const form = document.querySelector("form[hx-indicator]");
const results = document.querySelector(form.getAttribute("hx-indicator"));

document.body.addEventListener("htmx:beforeRequest", () => {
  results.setAttribute("aria-busy", "true");
});

document.body.addEventListener("htmx:afterRequest", () => {
  results.removeAttribute("aria-busy");
});

document.body.addEventListener("htmx:afterSettle", () => {
  for (const field of form.elements) {
    const error = document.getElementById(`${field.id}_error`);
    if (error?.textContent) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
});

// The same question again (Enter after typing) is no new place to come back to. The server could
// not tell: its answer may be one that the browser has kept, with the header of the first time.
document.body.addEventListener("htmx:beforeHistoryUpdate", ({ detail: { history } }) => {
  if (history.path === location.pathname + location.search) history.type = "replace";
});
