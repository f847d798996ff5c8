// The form of a row whose effect is shown as one types: htmx asks; this tells it of what it cannot
// see, and puts placeholders into the text.

const button = document.querySelector("button[name=_preview]");

// A row taken out of the form is gone without an event of a field.
document.addEventListener("formset:removed", () => {
  button.form.dispatchEvent(new Event("change", { bubbles: true }));
});

document.addEventListener("click", ({ target }) => {
  const text = target.closest("[data-insert]")?.dataset.insert;
  const field = document.querySelector("#id_answer");
  if (!text || !field) return;
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

document.body.addEventListener("htmx:beforeRequest", ({ detail }) => {
  detail.target.setAttribute("aria-busy", "true");
});
document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  detail.target.removeAttribute("aria-busy");
});
