/* A board: cards are dragged from column to column. Each card has a form whose buttons move it; a drop presses the button
   of the column, so that the mouse does what the keyboard does and nothing else.

   data-board            the whole
   data-board-column     a column, with the value of its button
   data-board-card       a card that may move
   No sentence in here. */
(() => {
  "use strict";
  let card = null;
  const button = (column) => card?.querySelector(`button[name=to][value="${CSS.escape(column.dataset.boardColumn)}"]`);
  const columns = () => [...document.querySelectorAll("[data-board-column]")];

  document.addEventListener("dragstart", (event) => {
    card = event.target.closest?.("[data-board-card]") ?? null;
    if (!card) return;
    event.dataTransfer.effectAllowed = "move";
    for (const column of columns()) column.classList.toggle("g-board-open", Boolean(button(column)));
  });
  document.addEventListener("dragover", (event) => {
    const column = event.target.closest?.("[data-board-column]");
    if (column && button(column)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const column = event.target.closest?.("[data-board-column]");
    const found = column && button(column);
    if (!found) return;
    event.preventDefault();
    found.click();
  });
  document.addEventListener("dragend", () => {
    card = null;
    for (const column of columns()) column.classList.remove("g-board-open");
  });
})();
