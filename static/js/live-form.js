// A form whose answer is swapped as one types: says when an answer is on its way, and marks the
// fields that an answer found fault with. The fields themselves are never swapped, as a visitor
// may be typing in one.

const form = document.getElementById("live-form");
const results = document.getElementById("live-results");

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

// The same question again is no new place to come back to.
document.body.addEventListener("htmx:beforeHistoryUpdate", ({ detail: { history } }) => {
  if (history.path === location.pathname + location.search) history.type = "replace";
});
