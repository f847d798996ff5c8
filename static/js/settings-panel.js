// The settings' panel: a filter over the settings' names, and the differences of the groups
// that are seen asked for again when the answer has changed. Without JavaScript it is a list of folded groups.

const panel = document.getElementById("training-settings");
const SHORTEST = 2;
let typed = "";
let opened = new Set();

function wordsOf(setting) {
  const field = setting.querySelector("select, input");
  const options = [...setting.querySelectorAll("option")].map((option) => option.textContent);
  const [label, hint] = ["label", ".setting__hint"].map(
    (selector) => setting.querySelector(selector)?.textContent,
  );
  const names = [field.name, field.name.replaceAll("_", " ")];
  return [label, hint, ...names, ...options].join(" ").toLowerCase();
}

function narrow() {
  const wanted = typed.length < SHORTEST ? [] : typed.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const group of panel.querySelectorAll(".settings__more")) {
    const title = group.querySelector("summary").textContent.toLowerCase();
    let found = 0;
    for (const setting of group.querySelectorAll(".setting")) {
      const words = `${title} ${wordsOf(setting)}`;
      const isFound = wanted.every((word) => words.includes(word));
      setting.hidden = !isFound;
      found += isFound;
    }
    group.hidden = !found;
    count += found;
    if (wanted.length && found && !group.open) {
      group.open = true;
      opened.add(group.id);
    } else if ((!wanted.length || !found) && opened.delete(group.id)) {
      group.open = false;
    }
  }
  const status = document.getElementById("settings-found");
  const words = count ? `${count} ${count === 1 ? "setting" : "settings"}` : "No setting is called so";
  if (status) status.textContent = wanted.length ? words : "";
}

function show() {
  const filter = document.getElementById("settings-filter");
  if (!filter) return;
  filter.closest(".settings__filter").hidden = false;
  // The fields may have been swapped for others, and the filter's own with them.
  if (filter.value !== typed) filter.value = typed;
  if (typed) narrow();
}

if (panel) {
  show();

  // What is typed here is no setting: it asks for no answer and sends no form.
  panel.addEventListener(
    "input",
    (event) => {
      if (event.target.id !== "settings-filter") return;
      event.stopPropagation();
      typed = event.target.value.trim();
      narrow();
    },
    true,
  );
  panel.addEventListener("keydown", (event) => {
    if (event.target.id !== "settings-filter") return;
    if (event.key === "Enter") event.preventDefault();
    if (event.key === "Escape" && typed) {
      event.target.value = typed = "";
      narrow();
    }
  });

  // One answer settles in many parts, the fields among them where a link has changed them: what
  // the options of the open groups change is asked for again once, after the last of them.
  let waiting = 0;
  document.body.addEventListener("htmx:afterSettle", ({ detail: { target } }) => {
    if (target?.id !== "answer") return;
    show();
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const seen = "#differences-first:has(table), .settings__more[open] .differences";
      for (const place of panel.querySelectorAll(seen)) htmx.trigger(place, "refresh");
    }, 50);
  });
}
