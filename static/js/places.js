// Where the reader was, for Back and Forward between answers that were swapped in. htmx loads the
// page of the address anew, and a browser then holds on to what the window shows of the answer that
// is left, not to where the reader was in the one that comes. So each entry of the history keeps its
// place: what stands at the top of the window, and how far from it.

const QUIET_MS = 120;
const inMotion = ["reload", "back_forward"];

// Innermost first: where a part is folded or gone, what is around it has to do.
function place() {
  const { clientWidth, clientHeight } = document.documentElement;
  const marks = [];
  for (const share of [0.3, 0.5, 0.1, 0.8]) {
    let part = document.elementFromPoint(clientWidth / 2, clientHeight * share);
    for (; part; part = part.parentElement) {
      if (part.id && marks.length < 12) marks.push([part.id, part.getBoundingClientRect().top]);
    }
    if (marks.length) break;
  }
  return { y: scrollY, marks };
}

function keep() {
  history.replaceState({ ...history.state, place: place() }, "");
}

function goTo({ y, marks }) {
  const found = marks
    .map(([id, top]) => [document.getElementById(id), top])
    .find(([part]) => part?.getClientRects().length);
  const top = found ? scrollY + found[0].getBoundingClientRect().top - found[1] : y;
  scrollTo({ top, behavior: "instant" });
}

const [{ type }] = performance.getEntriesByType("navigation");
const kept = history.state?.place;
if (kept && inMotion.includes(type)) {
  // Until the reader moves: what loads late moves the page too.
  let isWaiting = true;
  const settle = () => isWaiting && goTo(kept);
  const stop = () => (isWaiting = false);
  for (const moved of ["wheel", "touchstart", "keydown", "pointerdown"])
    addEventListener(moved, stop, { once: true, passive: true });
  settle();
  document.fonts.ready.then(settle);
  addEventListener("load", () => {
    settle();
    requestAnimationFrame(() => {
      settle();
      stop();
      history.scrollRestoration = "auto";
    });
  });
}

let waiting = 0;
function keepSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(keep, QUIET_MS);
}

// What htmx writes into the history before it swaps forgets what was kept there.
document.body.addEventListener("htmx:beforeHistoryUpdate", () => {
  clearTimeout(waiting);
  keep();
});
document.body.addEventListener("htmx:afterSettle", keepSoon);
addEventListener("scroll", keepSoon, { passive: true });

// After htmx, which has asked for the page by then and has written over the entry.
addEventListener("load", () => {
  addEventListener("popstate", ({ state }) => {
    clearTimeout(waiting);
    if (!state?.htmx || !state.place) return;
    history.replaceState({ ...history.state, place: state.place }, "");
    history.scrollRestoration = "manual";
  });
});
