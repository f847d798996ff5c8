// Earlier links to a row of a list, /gpus/#rtx-4090, from when a list was one page: where the row
// stands on another page now, they lead to the page of its own.

const slug = decodeURIComponent(location.hash.slice(1));

if (/^[a-z0-9-]+$/.test(slug) && !document.getElementById(slug)) {
  const page = `${location.pathname}${slug}/`;
  const { ok } = await fetch(page, { method: "HEAD" });
  if (ok) location.replace(page);
}
