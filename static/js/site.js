// The little that HTML cannot do by itself. Every page works without it.

const answer = document.getElementById("answer");
const sizeField = document.getElementById("size");

if (answer && sizeField) {
  document.body.addEventListener("htmx:beforeRequest", () => {
    answer.setAttribute("aria-busy", "true");
  });

  document.body.addEventListener("htmx:afterRequest", () => {
    answer.removeAttribute("aria-busy");
  });

  // A tapped size goes into the field; what a visitor is typing is never touched.
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== answer) return;
    const size = document.getElementById("answer-state")?.dataset.size;
    if (size === undefined) {
      sizeField.setAttribute("aria-invalid", "true");
      return;
    }
    sizeField.removeAttribute("aria-invalid");
    if (document.activeElement !== sizeField) sizeField.value = size;
  });
}
