// The little that HTML cannot do by itself. Every page works without it.

// Back pressed twice in a row can move the address while the page is still loading, before htmx
// listens: then the page answers another question than the address asks.
document.addEventListener("DOMContentLoaded", () => {
  const [{ name: loaded }] = performance.getEntriesByType("navigation");
  if (loaded.split("#")[0] !== location.href.split("#")[0]) location.reload();
});

// What comes as one types or taps may fail to come: then it says so, where it is seen, and the
// last answer stays. A link to another page says it by itself.
const connection = document.getElementById("connection");

function ask(element) {
  connection.replaceChildren();
  if (!element.isConnected) location.reload();
  else if (element.matches("a")) element.click();
  else if (element.matches("form")) element.requestSubmit();
  else htmx.trigger(element, "input");
}

function say(words, element) {
  const again = document.createElement("button");
  again.type = "button";
  again.className = "button--quiet";
  again.textContent = "Try again";
  again.addEventListener("click", () => ask(element));
  connection.replaceChildren(words, again);
}

document.body.addEventListener("htmx:sendError", ({ detail: { elt } }) => {
  say(
    navigator.onLine
      ? "The site did not answer. What you see is the last answer."
      : "You are offline. What you see is the last answer.",
    elt,
  );
});

document.body.addEventListener("htmx:responseError", ({ detail: { elt, xhr } }) => {
  say(
    xhr.status === 429
      ? "Too many questions from your address: wait a minute. What you see is the last answer."
      : `The site could not answer (error ${xhr.status}). What you see is the last answer.`,
    elt,
  );
});

document.body.addEventListener("htmx:beforeSwap", () => connection.replaceChildren());
addEventListener("online", () => connection.querySelector("button")?.click());

const answer = document.getElementById("answer");
const settings = document.getElementById("training-settings");
const fields = ["size", "model", "gpu"].map((id) => document.getElementById(id)).filter(Boolean);

function markErrors(elements) {
  for (const field of elements) {
    const error = document.getElementById(`${field.id}-error`);
    if (error?.textContent.trim()) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
}

if (answer && fields.length) {
  document.body.addEventListener("htmx:beforeRequest", ({ detail: { target } }) => {
    if (target === answer) answer.setAttribute("aria-busy", "true");
  });

  document.body.addEventListener("htmx:afterRequest", ({ detail: { target } }) => {
    if (target === answer) answer.removeAttribute("aria-busy");
  });

  // htmx looks for an answer's further parts around the link that asked for it. Where that link has
  // been replaced meanwhile it finds none of them: then the page itself asks once more.
  document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target !== answer || detail.requestConfig.elt.isConnected) return;
    detail.shouldSwap = false;
    htmx.ajax("GET", detail.pathInfo.finalRequestPath, { source: "#calculator" });
  });

  // What is asked about goes into its field and out of the other; what a visitor is typing is
  // never touched.
  document.body.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
    // A mistake leaves the last answer as it is, and what was typed in its field.
    if (target !== answer || document.getElementById("last-answer")?.textContent) return;
    const asked = document.getElementById("answer-state")?.dataset ?? {};
    for (const field of fields) {
      if (asked[field.id] !== undefined && document.activeElement !== field)
        field.value = asked[field.id];
    }
    if (asked.mode === "rule-of-thumb") settings?.removeAttribute("open");
  });

  document.body.addEventListener("htmx:afterSettle", () => {
    markErrors(document.getElementById("ask").elements);
  });

  // The same question again (Enter after typing) is no new place to come back to.
  document.body.addEventListener("htmx:beforeHistoryUpdate", ({ detail: { history } }) => {
    if (history.path === location.pathname + location.search) history.type = "replace";
  });
}

// Leaving the field of one's own GPU, or choosing a suggestion, asks too; Enter changes the field
// and sends the form, which is one question. What has not been asked yet goes with what is.
const gpu = document.getElementById("gpu");
if (answer && gpu) {
  let isSent = false;
  gpu.form.addEventListener("submit", () => (isSent = true));
  gpu.addEventListener("change", () => {
    isSent = false;
    setTimeout(() => isSent || gpu.form.requestSubmit());
  });
  // A card that is chosen among several of that name is the answer to what the field says.
  const isChoice = (element) => element.closest("#gpu-error") !== null;
  document.body.addEventListener("htmx:configRequest", ({ detail: { elt, target, parameters } }) => {
    const asked = document.getElementById("answer-state")?.dataset.gpu ?? "";
    if (target !== answer || isChoice(elt) || gpu.value === asked) return;
    parameters.gpu = gpu.value;
    isSent = true;
  });
  // It goes with the question; the focus must not fall back to the top of the page.
  document.body.addEventListener("htmx:oobBeforeSwap", ({ detail: { target } }) => {
    if (target.id === "gpu-error" && isChoice(document.activeElement))
      answer.focus({ preventScroll: true });
  });
}

// Opening the training settings asks for the precise estimate.
settings?.addEventListener("toggle", () => {
  const mode = document.getElementById("answer-state")?.dataset.mode;
  if (!settings.open || mode !== "rule-of-thumb") return;
  // A model that was typed and not sent yet goes with it.
  const model = document.getElementById("model");
  const asked = document.getElementById("answer-state").dataset.model;
  if (model.value !== asked) model.form.requestSubmit();
  else htmx.trigger("#settings-fields", "ask");
});

// The chosen link goes with the list; the focus must not fall back to the top of the page. A search
// that was still to come when a model was chosen has nothing more to say.
const modelResults = document.getElementById("model-results");
if (modelResults) {
  let isChosen = false;
  document.getElementById("model").addEventListener("input", () => (isChosen = false));
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (modelResults.contains(event.detail.elt)) isChosen = true;
    else if (event.detail.target === modelResults && isChosen) event.preventDefault();
  });
  document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target === modelResults && isChosen) detail.shouldSwap = false;
  });
  modelResults.addEventListener("htmx:oobBeforeSwap", () => {
    if (modelResults.contains(document.activeElement)) answer.focus({ preventScroll: true });
  });
}

// What a search's own page found: the arrow keys enter the list and move in it, Escape leads back to
// the field.
const searched = document.querySelector("[data-hits]");
if (searched) {
  const hits = document.querySelector(searched.dataset.hits);
  searched.closest(".search-page").addEventListener("keydown", (event) => {
    const links = [...hits.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "Escape" && at >= 0) {
      searched.focus();
    } else if (event.key === "ArrowDown" && links.length) {
      (links[at + 1] ?? links[at]).focus();
      event.preventDefault();
    } else if (event.key === "ArrowUp" && at >= 0) {
      (links[at - 1] ?? searched).focus();
      event.preventDefault();
    }
  });
}
