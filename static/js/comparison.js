// A comparison is an address, and the site keeps nothing of it. This tab remembers the one that was
// looked at last, so that a link that adds a configuration adds it to that one; without a script,
// or without one before it, the link starts a comparison.

const KEY = "comparison";
const SLOTS = ["a", "b", "c", "d"];

// Where a browser lets nothing be stored, each link starts a comparison.
function stored() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

function valuesOf(address) {
  const { searchParams } = new URL(address, location.href);
  return SLOTS.map((slot) => searchParams.get(slot)).filter(Boolean);
}

function add(link) {
  link.dataset.adds ||= valuesOf(link.href)[0];
  const others = stored() ? valuesOf(stored()).filter((value) => value !== link.dataset.adds) : [];
  // There is room for four: the first makes way.
  const values = [...others, link.dataset.adds].slice(-SLOTS.length);
  const { pathname, searchParams } = new URL(link.href);
  const query = new URLSearchParams(values.map((value, at) => [SLOTS[at], value]));
  const gpu = searchParams.get("gpu");
  if (gpu) query.set("gpu", gpu);
  link.href = `${pathname}?${query}`;
}

const shown = document.querySelector("[data-comparison]")?.dataset.comparison;
if (shown) {
  try {
    sessionStorage.setItem(KEY, shown);
  } catch {
    // As above.
  }
}

for (const kind of ["click", "auxclick"]) {
  document.addEventListener(kind, ({ target }) => {
    const link = target.closest("a[data-adds]");
    if (link) add(link);
  });
}
