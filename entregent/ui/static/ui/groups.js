/* « Tous »: one box ticks those of its table. The server takes it for all of the search, over all pages; taking one box
   out takes it back.

   data-all-of="id"   the box, over the element with that id */
(() => {
  "use strict";
  const boxes = (all) => [...(document.getElementById(all.dataset.allOf)?.querySelectorAll("input[type=checkbox]") ?? [])].filter((box) => box !== all);

  document.addEventListener("change", (event) => {
    const target = event.target;
    if (!(target instanceof HTMLInputElement) || target.type !== "checkbox") return;
    if (target.matches("[data-all-of]")) {
      for (const box of boxes(target)) box.checked = target.checked;
      return;
    }
    for (const all of document.querySelectorAll("[data-all-of]")) if (all.checked && boxes(all).includes(target) && !target.checked) all.checked = false;
  });
})();
