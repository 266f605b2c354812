/* The designer of processes. What is unfolded, what has the focus and what was typed meanwhile stay so when the server
   draws the form again; steps are dragged by their heads (the buttons « Monter » and « Descendre » do the same by keyboard and without this file).

   data-designer         what is drawn again
   data-designer-list    the list of steps
   data-designer-step    one of them; its id keeps its place
   Loaded by the designer alone. No sentence in here. */
(() => {
  "use strict";
  const root = () => document.querySelector("[data-designer]");
  let kept = null;
  let sent = null;
  let asked = "";

  const values = () => {
    const found = new Map();
    const form = document.getElementById("designer-form");
    for (const [name, value] of form ? new FormData(form) : []) found.set(name, [...(found.get(name) ?? []), value]);
    return found;
  };
  const same = (one, other) => JSON.stringify(one ?? []) === JSON.stringify(other ?? []);

  const focused = () => {
    const focus = document.activeElement;
    return focus && root().contains(focus) && focus.matches("input, select, textarea") ? focus.name : "";
  };

  /* A choice asks for the form anew while one goes on typing; an operation moves fields, so nothing is typed until it
     is done. */
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target !== root()) return;
    asked = focused();
    sent = event.detail.requestConfig.parameters.op === "refresh" ? values() : null;
    root().inert = sent === null;
  });
  document.addEventListener("htmx:afterRequest", () => {
    if (root()) root().inert = false;
  });

  const typedSince = () => {
    const now = values();
    const names = sent ? new Set([...now.keys(), ...sent.keys()]) : [];
    return [...names].filter((name) => !same(now.get(name), sent.get(name))).map((name) => [name, now.get(name) ?? []]);
  };
  const putBack = ([name, given]) => {
    const rest = [...given];
    for (const field of root().querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (field.matches("[type=checkbox], [type=radio]")) field.checked = given.includes(field.value);
      else if (rest.length && field.type !== "hidden") field.value = rest.shift();
    }
  };

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== root()) return;
    kept = {
      open: [...root().querySelectorAll("[data-designer-step] > details[open], #designer-head > details[open]")].map((one) => one.parentElement.id),
      name: focused() || asked,
      top: window.scrollY,
      typed: typedSince(),
    };
  });

  document.addEventListener("htmx:afterSwap", () => {
    if (!kept || !root()) return;
    for (const id of kept.open) {
      const step = document.getElementById(id);
      if (step) step.querySelector("details").open = true;
    }
    kept.typed.forEach(putBack);
    const again = kept.name && root().querySelector(`[name="${CSS.escape(kept.name)}"]`);
    if (again) again.focus({ preventScroll: true });
    window.scrollTo(0, kept.top);
    kept = null;
  });

  /* A link to a step unfolds it. */
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#etape-']");
    const step = link && document.getElementById(link.getAttribute("href").slice(1));
    if (step?.matches("[data-designer-step]")) step.querySelector("details").open = true;
  });

  /* ——— Dragging ——— */
  let dragged = null;
  document.addEventListener("pointerdown", (event) => {
    const head = event.target.closest?.("[data-designer-step] > details > summary");
    for (const step of document.querySelectorAll("[data-designer-step][draggable]")) step.removeAttribute("draggable");
    if (head) head.closest("[data-designer-step]").setAttribute("draggable", "true");
  });
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-designer-step]") ?? null;
    if (dragged) event.dataTransfer.effectAllowed = "move";
  });
  document.addEventListener("dragover", (event) => {
    const over = event.target.closest?.("[data-designer-step]");
    if (!dragged || !over || over.parentElement !== dragged.parentElement) return;
    event.preventDefault();
    if (over === dragged) return;
    const box = over.getBoundingClientRect();
    over.parentElement.insertBefore(dragged, event.clientY < box.top + box.height / 2 ? over : over.nextElementSibling);
  });
  document.addEventListener("dragend", () => {
    const form = dragged?.closest("form");
    dragged = null;
    /* Drawn again: what came after a step that now stands below it is mended by the server. */
    form?.querySelector("button[name=op][value=reorder]")?.click();
  });
})();
