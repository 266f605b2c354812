/* Dashboards: a portlet that cannot be fetched says so in its own place, and portlets are arranged by dragging.
   Loaded by the pages that show a dashboard; works on the document, so that it goes on after any swap of htmx.

   data-portlet-url · data-portlet-title   a portlet, fetched by itself
   data-arrange > [data-tile]              portlets being arranged; what the arrows do by a form, dragging does by htmx */
(() => {
  "use strict";
  const portletOf = (event) => (event.target instanceof Element ? event.target.closest("[data-portlet-url]") : null);

  /* ——— A portlet that failed ——— */
  function unavailable(portlet) {
    const panel = document.getElementById("portlet-unavailable")?.content.cloneNode(true);
    if (!panel) return;
    panel.querySelector("h2 > span").textContent = portlet.dataset.portletTitle;
    const again = panel.querySelector("a");
    again.href = portlet.dataset.portletUrl;
    again.addEventListener("click", (event) => {
      event.preventDefault();
      window.htmx.ajax("GET", portlet.dataset.portletUrl, { target: portlet, swap: "innerHTML", source: portlet });
    });
    portlet.replaceChildren(panel);
  }
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(
      name,
      (event) => {
        const portlet = portletOf(event);
        /* A session that ended is told once, for the whole page; a button inside a portlet answers for itself. */
        if (!portlet || event.detail.target !== portlet || event.detail.xhr?.status === 401) return;
        event.stopImmediatePropagation();
        unavailable(portlet);
      },
      true,
    );
  }

  /* ——— Arranging by dragging ——— */
  let dragged = null;
  let from = -1;
  const tiles = (list) => [...list.querySelectorAll("[data-tile]")];
  document.addEventListener("dragstart", (event) => {
    const tile = event.target instanceof Element ? event.target.closest("[data-arrange] [data-tile]") : null;
    if (!tile) return;
    dragged = tile;
    from = tiles(tile.parentElement).indexOf(tile);
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", tile.dataset.tile);
    requestAnimationFrame(() => tile.classList.add("g-dragged"));
  });
  document.addEventListener("dragover", (event) => {
    if (!dragged) return;
    event.preventDefault();
    const over = event.target instanceof Element ? event.target.closest("[data-tile]") : null;
    if (!over || over === dragged || over.parentElement !== dragged.parentElement) return;
    const box = over.getBoundingClientRect();
    const isRow = dragged.getBoundingClientRect().top < box.bottom && dragged.getBoundingClientRect().bottom > box.top;
    const isAfter = isRow ? event.clientX > box.left + box.width / 2 : event.clientY > box.top + box.height / 2;
    if (isAfter) over.after(dragged);
    else over.before(dragged);
  });
  document.addEventListener("drop", (event) => {
    if (dragged) event.preventDefault();
  });
  document.addEventListener("dragend", () => {
    if (!dragged) return;
    const tile = dragged;
    dragged = null;
    tile.classList.remove("g-dragged");
    const to = tiles(tile.parentElement).indexOf(tile);
    if (to === from) return;
    const form = tile.querySelector("form");
    const values = Object.fromEntries(new FormData(form));
    window.htmx.ajax("POST", form.getAttribute("action"), {
      target: "#board",
      swap: "outerHTML",
      source: form,
      values: { ...values, geste: "placer", valeur: String(to) },
    });
  });
})();
