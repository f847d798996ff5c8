// The list of prices to look at: after a line is saved, the next one's field is ready to type in;
// where a line came back with a question, that question is.

let answered = "";

document.body.addEventListener("htmx:beforeRequest", ({ target }) => {
  answered = target.closest(".work__row")?.id ?? "";
});

document.body.addEventListener("htmx:afterSettle", () => {
  const row = document.getElementById(answered);
  // Whoever has gone on to another line already is left there.
  if (!row || (document.activeElement !== document.body && !row.contains(document.activeElement)))
    return;
  answered = "";
  fieldOf(row)?.focus();
});

function fieldOf(row) {
  const wrong = row.querySelector("[aria-invalid]");
  // Asked whether it is right, one answers beside the question.
  if (wrong) return row.querySelector(".work__field--confirmed input") ?? wrong;
  if (row.querySelector(".work__error")) return row.querySelector("input[name=usd]");
  for (let next = row.nextElementSibling; next; next = next.nextElementSibling) {
    const field = next.querySelector("input[name=usd]");
    if (field) return field;
  }
  return null;
}
