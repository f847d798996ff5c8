// A link that changes the answer is a part of what it changes: it goes with its swap, and a browser
// would hold on to whatever comes after it, which may be the end of the page. What the link stood
// in is brought back to where it was, or, where its head was above the window, to the top of it.

const HEADROOM_PX = 8;
let kept = null;

document.body.addEventListener("htmx:beforeRequest", ({ detail: { elt, target } }) => {
  if (target?.id !== "answer") return;
  kept = null;
  const link = elt.closest("a");
  const around = link?.closest(".card[id], .settings__more[id], #trainers, #sizes");
  if (around) kept = { id: around.id, top: around.getBoundingClientRect().top, isFocused: link === document.activeElement };
});

document.body.addEventListener("htmx:afterSettle", ({ detail: { target } }) => {
  const around = kept && document.getElementById(kept.id);
  if (!around) return;
  const wanted = Math.max(kept.top, HEADROOM_PX + sticky());
  scrollBy({ top: around.getBoundingClientRect().top - wanted, behavior: "instant" });
  if (target?.id !== "answer") return;
  // The link that had the focus is gone: it must not fall back to the top of the page.
  if (kept.isFocused && document.activeElement === document.body && around.matches(".card"))
    around.focus({ preventScroll: true });
  kept = null;
});

// What a line that stays at the top of the window covers of it.
function sticky() {
  const line = document.querySelector(".figures-line");
  const box = line?.getBoundingClientRect();
  return box?.height && box.top <= 0 ? box.height : 0;
}
