// A field under which a list opens as one types: ARIA's combobox. The focus stays in the field; the
// arrow keys move through the list, Enter follows what is chosen, Escape closes it. What is in the
// list are links, which is all that it is without this script.

let count = 0;

function made(field, popup) {
  const around = field.closest("[data-combobox-around]");
  let active = null;

  // Of a search field nothing else may be said; the two look the same here.
  field.type = "text";
  field.enterKeyHint = "search";
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-expanded", "false");

  const options = () => [...popup.querySelectorAll("[role=option]")];

  function choose(option) {
    active?.removeAttribute("aria-selected");
    active = option ?? null;
    if (!active) return field.removeAttribute("aria-activedescendant");
    active.setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", active.id);
    active.scrollIntoView({ block: "nearest" });
  }

  function show() {
    choose(null);
    const lists = [...popup.querySelectorAll("ul")];
    for (const list of lists) {
      list.id ||= `suggestions-${++count}`;
      list.setAttribute("role", "listbox");
      if (!list.closest("section[aria-label]")) list.setAttribute("aria-label", "Suggestions");
      else list.setAttribute("aria-label", list.closest("section").getAttribute("aria-label"));
      for (const item of list.children) item.setAttribute("role", "presentation");
      for (const link of list.querySelectorAll("a")) {
        link.id ||= `suggestion-${++count}`;
        link.setAttribute("role", "option");
      }
    }
    field.setAttribute("aria-expanded", String(options().length > 0));
    field.setAttribute("aria-controls", lists.map((list) => list.id).join(" ") || popup.id);
  }

  const close = () => popup.replaceChildren();

  field.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(active);
    if (event.key === "ArrowDown" && all.length) choose(all[at + 1] ?? all[at]);
    else if (event.key === "ArrowUp" && at >= 0) choose(all[at - 1]);
    else if (event.key === "Enter" && active) {
      // The field says what was chosen, as the focus stays in it.
      field.value = active.querySelector(".found__name")?.textContent ?? field.value;
      active.click();
    } else if (event.key === "Escape" && popup.firstChild) close();
    else return;
    event.preventDefault();
  });

  new MutationObserver(show).observe(popup, { childList: true });
  document.addEventListener("click", ({ target }) => {
    if (popup.firstChild && !around.contains(target)) close();
  });
  around.addEventListener("focusout", ({ relatedTarget }) => {
    if (popup.firstChild && relatedTarget && !around.contains(relatedTarget)) close();
  });
  show();
}

for (const field of document.querySelectorAll("[data-combobox]"))
  made(field, document.querySelector(field.dataset.combobox));
