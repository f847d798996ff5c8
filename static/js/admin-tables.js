// Gives each cell of a list, or of rows below a row, the name of its column: on a phone the cells
// stand below one another, and the heading is gone (static/css/admin.css).

for (const table of document.querySelectorAll("#result_list, .tabular table")) {
  const names = [...table.tHead.rows[0].cells].map((cell) => {
    const text = cell.querySelector(".text") ?? cell;
    return text.textContent.trim();
  });
  for (const row of table.tBodies[0].rows) {
    if (row.cells.length !== names.length) continue;
    [...row.cells].forEach((cell, place) => {
      if (names[place]) cell.dataset.label = names[place];
    });
  }
  table.classList.add("is-labelled");
}
