// Opens every fold of a long page, for those who read it through, and closes them again.

const button = document.querySelector("[data-opens-folds]");
const folds = [...document.querySelectorAll("main details")];
const isAllOpen = () => folds.every((fold) => fold.open);

function name() {
  button.textContent = isAllOpen() ? "Close everything" : "Open everything";
}

button.addEventListener("click", () => {
  const isOpen = !isAllOpen();
  for (const fold of folds) fold.open = isOpen;
  name();
});
for (const fold of folds) fold.addEventListener("toggle", name);
button.hidden = false;
name();
