// The little that HTML cannot do by itself. Every page works without it.

// Back pressed twice in a row can move the address while the page is still loading, before htmx
// listens: then the page answers another question than the address asks.
document.addEventListener("DOMContentLoaded", () => {
  const [{ name: loaded }] = performance.getEntriesByType("navigation");
  if (loaded.split("#")[0] !== location.href.split("#")[0]) location.reload();
});

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
