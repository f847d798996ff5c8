// The visitor's GPU is typed and the answer is swapped; what stands around the answer leads on too, and
// keeps what the address says now. A page that is loaded anew has it from the server.

const field = document.getElementById("gpu");
let kept = asked();

// A name that is not understood leads nowhere.
function asked() {
  const isWrong = document.getElementById("gpu-error")?.textContent.trim();
  return (!isWrong && new URL(location.href).searchParams.get("gpu")) || "";
}

function put(element, attribute) {
  const text = element.getAttribute(attribute);
  if (text.startsWith("#")) return;
  const url = new URL(text, location.href);
  const stated = url.searchParams.get("gpu") ?? "";
  if (url.origin !== location.origin || stated !== kept) return;
  // Files and pictures know nothing of it.
  if (!stated && (element.closest("#answer") || !url.pathname.endsWith("/"))) return;
  const now = asked();
  if (now) url.searchParams.set("gpu", now);
  else url.searchParams.delete("gpu");
  element.setAttribute(attribute, url.pathname + url.search + url.hash);
}

function follow() {
  if (asked() === kept) return;
  for (const link of document.querySelectorAll("a[href]")) put(link, "href");
  for (const form of document.querySelectorAll("form[method=post]")) put(form, "action");
  kept = asked();
}

if (field) {
  for (const event of ["htmx:pushedIntoHistory", "htmx:replacedInHistory", "htmx:afterSettle"])
    document.body.addEventListener(event, follow);

  // The header's search asks by htmx as one types, and goes to its page as a form.
  const search = document.querySelector(".site-search__form");
  document.body.addEventListener("htmx:configRequest", ({ detail }) => {
    if (!search?.contains(detail.elt)) return;
    detail.path = detail.path.split("?")[0];
    if (kept) detail.parameters.gpu = kept;
  });
  search?.addEventListener("formdata", ({ formData }) => {
    formData.delete("gpu");
    if (kept) formData.set("gpu", kept);
  });
}
