/* « Gestion des clients »: a grid over a pane. On top of g.js, which moves among rows, opens menus and loads dialogs.

   #workspace                       addresses in data-…; #grid is the table, #lower-pane what it selects
   g:select on a row of #grid       loads the pane and puts the row in the address
   .g-expander                      « Développer »: the people of a client as rows under it
   td[data-field]                   a value that is edited in place: click, F2 or Enter; ← → go from cell to cell
   .g-col-handle                    width of a column, by drag and by arrows
   #bulk                            the bar of a selection
   [data-fields]                    the field chooser: search, order by ↑ ↓ and by drag */
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const space = $("#workspace");
  if (!space) return;
  const data = space.dataset;
  const texts = $("#grid-texts")?.dataset ?? {};
  const grid = () => $("#grid");
  const inGrid = (node) => node?.closest?.("#grid");
  const csrfToken = () => $("meta[name=csrf-token]")?.content ?? "";
  const cookieToken = () => {
    const cookie = /(?:^|; )(?:__Host-)?(?:\w+_)?csrftoken=([^;]+)/.exec(document.cookie);
    return cookie ? decodeURIComponent(cookie[1]) : csrfToken();
  };

  /* ——— Rows ——— */
  /* What all rows have in common comes once (#row-tools, data-row-url, data-row-query), and each takes its share. */
  const tools = $("#row-tools")?.content;
  function equip(row) {
    const told = row.dataset;
    const shared = grid()?.dataset;
    if (!tools || !shared || !told.id || told.url) return;
    const filled = (text) => text.replaceAll("{key}", encodeURIComponent(told.key));
    told.url = filled(shared.rowUrl);
    if (shared.rowQuery) told.query = filled(shared.rowQuery);
    if (shared.rowQuery?.startsWith("client=")) told.client = told.key;
    if (!row.hasAttribute("tabindex")) row.tabIndex = -1;
    for (const cell of $$("td[data-field]", row)) cell.tabIndex = -1;
    const made = [...tools.cloneNode(true).children];
    for (const { firstElementChild: tool } of made) {
      tool.setAttribute("aria-label", tool.getAttribute("aria-label").replace("{name}", () => told.name));
      if (tool.name === "ids") tool.value = told.id;
    }
    row.lastElementChild.replaceWith(made.pop());
    for (const [place, cell] of made.entries()) row.cells[place].replaceWith(cell);
  }
  for (const row of $$("#grid .g-row")) equip(row);
  document.addEventListener("htmx:load", (event) => event.target.matches?.("#grid .g-row") && equip(event.target));

  /* ——— What is remembered on the server ——— */
  function keep(values) {
    const body = new URLSearchParams({ onglet: data.tab, ...values });
    const view = new URL(location.href).searchParams.get("vue");
    if (view) body.set("vue", view);
    fetch(data.stateUrl, { method: "POST", body, credentials: "same-origin", keepalive: true, headers: { "X-CSRFToken": cookieToken(), "HX-Request": "true" } }).catch(() => {});
  }
  let splitTimer = 0;
  document.addEventListener("g:split", (event) => {
    clearTimeout(splitTimer);
    splitTimer = setTimeout(() => keep({ share: String(event.detail.share), side: event.detail.side ? "1" : "0" }), 400);
  });
  document.addEventListener("g:filter", (event) => {
    keep({ filter: event.detail.shown ? "1" : "0" });
    if (event.detail.shown) $("[data-list-search]")?.focus();
  });

  /* ——— The selected row: its pane, its place in the address ——— */
  function inAddress(changes) {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(changes)) {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    history.replaceState(history.state, "", url);
  }
  let asked = "";
  document.addEventListener("g:select", (event) => {
    const row = event.target;
    if (!inGrid(row) || !row.dataset.key) return;
    /* A person under a client is not the row that the address names. */
    if (!row.dataset.of) inAddress({ ligne: row.dataset.key });
    const recent = new URL(location.href).searchParams.get("jours") === "30" ? "&jours=30" : "";
    const url = data.itemUrl ? data.itemUrl.replace("KEY", row.dataset.key) : `${data.lowerUrl}?${row.dataset.query}${recent}`;
    asked = url;
    const pane = $("#lower-pane");
    const waiting = setTimeout(() => asked === url && pane.querySelector("#pane")?.classList.add("g-waiting"), 300);
    window.htmx.ajax("GET", url, { target: "#lower-pane", swap: "innerHTML", source: row }).finally(() => clearTimeout(waiting));
  });
  /* An answer that comes late does not take the place of a later one. */
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id !== "lower-pane") return;
    const path = event.detail.pathInfo?.requestPath ?? "";
    if (asked && path && path !== asked) event.detail.shouldSwap = false;
  });
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-recent-form]")) inAddress({ jours: event.target.checked ? "30" : "" });
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-show-all]")) inAddress({ jours: "" });
  });

  /* A contact changes what its row says (last interaction, follow-up): the row is read again. */
  async function readAgain(row) {
    const url = new URL(location.href);
    url.searchParams.set("rangee", row.dataset.id);
    const answer = await fetch(url, { credentials: "same-origin", headers: { "HX-Request": "true" } });
    if (!answer.ok || !row.isConnected) return;
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    const fresh = holder.content.querySelector("tr.g-row");
    if (!fresh || fresh.cells.length !== row.cells.length) return;
    equip(fresh);
    row.dataset.version = fresh.dataset.version;
    const news = [...fresh.cells];
    for (const [place, cell] of [...row.cells].entries()) {
      if (!cell.matches(".g-cell-expand, .g-cell-check, .g-cell-menu, .g-editing") && !cell.contains(document.activeElement)) cell.replaceWith(news[place]);
    }
  }
  for (const name of ["g:interactions-changed", "g:contact-logged", "g:follow-ups-changed"]) {
    document.addEventListener(name, () => {
      const chosen = $("#grid .g-row[aria-selected=true]");
      const row = chosen?.dataset.of ? $(`#grid .g-row[data-key="${CSS.escape(chosen.dataset.of)}"]`) : chosen;
      if (row?.dataset.id) readAgain(row).catch(() => {});
    });
  }

  /* ——— Développer ——— */
  const peopleOf = (number) => $$(`.g-person-row[data-of="${CSS.escape(number)}"]`, grid());
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".g-expander");
    const row = button?.closest("#grid .g-row");
    if (!row) return;
    /* g.js has turned aria-expanded already. */
    const open = button.getAttribute("aria-expanded") === "true";
    const label = button.getAttribute("aria-label");
    button.setAttribute("aria-label", label.replace(open ? texts.expand : texts.collapse, open ? texts.collapse : texts.expand));
    const there = peopleOf(row.dataset.key);
    if (there.length || !open) {
      for (const one of there) one.hidden = !open;
      return;
    }
    const columns = row.cells.length - 3;
    const url = `${data.peopleUrl.replace("NUMBER", encodeURIComponent(row.dataset.key))}?colonnes=${columns}`;
    window.htmx.ajax("GET", url, { target: row, swap: "afterend", source: button });
  });

  /* ——— Edit in place ——— */
  const cellsOf = (row) => $$("td[data-field]", row).filter((cell) => cell.getClientRects().length);
  const valueUrl = (row, field) => data.valueUrl.replace("KEY", encodeURIComponent(row.dataset.key)).replace("FIELD", encodeURIComponent(field));
  function edit(cell) {
    if (!data.valueUrl || cell.classList.contains("g-editing") || cell.getAttribute("aria-busy") === "true") return;
    const row = cell.closest(".g-row");
    const before = cell.outerHTML;
    cell.setAttribute("aria-busy", "true");
    const next = cell.nextElementSibling;
    window.htmx.ajax("GET", valueUrl(row, cell.dataset.field), { target: cell, swap: "outerHTML", source: row }).then(() => {
      const fresh = next ? next.previousElementSibling : row.lastElementChild;
      if (!fresh?.classList.contains("g-editing")) return cell.removeAttribute("aria-busy");
      fresh.dataset.before = before;
      /* Versions count from what the person sees in the grid, not from what the form was made of. */
      const version = $("[name=version]", fresh);
      if (version && row.dataset.version) version.value = row.dataset.version;
      const input = $("[data-value-input]", fresh);
      input?.focus();
      if (input?.matches("input")) input.select();
      $("form", fresh).dataset.first = JSON.stringify(typed($("form", fresh)));
    });
  }
  const typed = (form) => [...new FormData(form).entries()].filter(([name]) => name === "value" || name === "beside");
  const isTouched = (form) => form.dataset.first !== undefined && form.dataset.first !== JSON.stringify(typed(form));
  function putBack(cell, focus = true) {
    const row = cell.closest(".g-row");
    const holder = document.createElement("template");
    holder.innerHTML = cell.dataset.before ?? "";
    const made = holder.content.firstElementChild;
    if (!made) return;
    made.removeAttribute("aria-busy");
    cell.replaceWith(made);
    window.htmx.process(made);
    if (focus) (made.isConnected ? made : row).focus();
  }
  function refresh(cell) {
    const row = cell.closest(".g-row");
    return window.htmx.ajax("GET", `${valueUrl(row, cell.dataset.field)}?lire=1`, { target: cell, swap: "outerHTML", source: row });
  }
  /* Once saved: the row has a new version, and the next edit of it counts from there. */
  document.addEventListener("htmx:afterSwap", (event) => {
    const row = inGrid(event.detail.elt) && event.detail.elt.closest?.(".g-row");
    if (!row) return;
    const seen = event.detail.elt.matches?.("td[data-version]") ? event.detail.elt : $("td[data-version]", row);
    if (seen?.dataset.version) row.dataset.version = seen.dataset.version;
    seen?.removeAttribute("data-version");
  });
  let goesTo = null;
  document.addEventListener("htmx:afterSettle", (event) => {
    const cell = event.detail.elt;
    if (!inGrid(cell)) return;
    if (cell.matches?.("td.g-editing")) {
      const form = $("form", cell);
      /* Refused or stale: what was typed stays, and counts as touched. */
      if (form && form.dataset.first === undefined) form.dataset.first = "refused";
      if ($(".g-field-error", cell)) $("[data-value-input]", cell)?.focus();
      return;
    }
    if (cell.matches?.("td[data-field]") && goesTo) {
      const { row, field, by } = goesTo;
      goesTo = null;
      const cells = cellsOf(row);
      const at = cells.findIndex((one) => one.dataset.field === field);
      if (by === 0) cells[at]?.focus();
      else if (cells[at + by]) edit(cells[at + by]);
    }
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt?.matches?.("[data-value-form]") ? event.detail.elt : null;
    if (form) form.dataset.sent = "yes";
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt?.matches?.("[data-value-form]") ? event.detail.elt : null;
    if (form) delete form.dataset.sent;
    /* The form is swapped for another on a refusal: the way back goes with it. */
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    if (target?.matches?.("td.g-editing")) lastBefore = target.dataset.before;
  });
  let lastBefore = "";
  document.addEventListener("htmx:load", (event) => {
    const cell = event.target.matches?.("td.g-editing") ? event.target : null;
    if (cell && !cell.dataset.before && lastBefore) cell.dataset.before = lastBefore;
  });
  /* Undo comes from the toast: the cell is read again. */
  document.addEventListener("g:value-changed", () => {
    const cell = lastEdited && lastEdited.row.isConnected ? $(`td[data-field="${lastEdited.field}"]`, lastEdited.row) : null;
    if (cell && !cell.classList.contains("g-editing") && !$("[data-value-form]", cell)) setTimeout(() => refresh(cell), 0);
  });
  let lastEdited = null;
  function save(form, by) {
    const cell = form.closest("td");
    const row = cell.closest(".g-row");
    lastEdited = { row, field: cell.dataset.field };
    if (!isTouched(form)) {
      const cells = cellsOf(row);
      const at = cells.indexOf(cell);
      putBack(cell, by === 0);
      if (by) {
        const further = cellsOf(row)[at + by];
        if (further) edit(further);
      }
      return;
    }
    goesTo = by === null ? null : { row, field: cell.dataset.field, by };
    form.requestSubmit();
  }
  document.addEventListener("focusout", (event) => {
    const form = event.target.closest?.("[data-value-form]");
    if (!form || form.contains(event.relatedTarget) || form.dataset.sent || event.target.closest("td")?.contains(event.relatedTarget)) return;
    /* The window lost the focus, not the cell. */
    if (!document.hasFocus()) return;
    setTimeout(() => {
      if (!form.isConnected || form.contains(document.activeElement) || form.dataset.sent) return;
      if ($(".g-field-error", form) && form.dataset.first === "refused") return;
      save(form, null);
    }, 0);
  });
  document.addEventListener("change", (event) => {
    const select = event.target.closest?.("[data-value-form] select");
    if (select && !$(".g-field-error", select.form)) save(select.form, 0);
  });
  document.addEventListener("click", (event) => {
    const cancel = event.target.closest?.("[data-value-cancel]");
    if (cancel) {
      const cell = cancel.closest("td");
      return void refresh(cell);
    }
    const cell = event.target.closest?.("#grid td[data-field]");
    if (!cell || cell.classList.contains("g-editing") || event.target.closest("a, button, input, select, label")) return;
    const row = cell.closest(".g-row");
    const isValue = Boolean(event.target.closest(".g-value")) && !$("a", cell);
    if (!isValue && !row.dataset.wasSelected) return;
    if (!String(getSelection())) edit(cell);
  });
  /* g.js selects the row on the same click: whether it was selected before is noted first. */
  document.addEventListener(
    "pointerdown",
    (event) => {
      const row = event.target.closest?.("#grid .g-row");
      if (row) {
        if (row.getAttribute("aria-selected") === "true") row.dataset.wasSelected = "yes";
        else delete row.dataset.wasSelected;
      }
    },
    true,
  );
  /* What is only read opens in a dialog: by double click and by Enter. */
  function read(row) {
    const opener = $("#grid-reader");
    opener.dataset.dialog = row.dataset.url;
    opener.dataset.dialogTitle = row.dataset.name;
    opener.click();
  }
  document.addEventListener(
    "dblclick",
    (event) => {
      const row = $("#grid-reader") && event.target.closest?.("#grid .g-row");
      if (!row || event.target.closest("a, button, input, select")) return;
      event.stopImmediatePropagation();
      event.preventDefault();
      read(row);
    },
    true,
  );
  document.addEventListener(
    "keydown",
    (event) => {
      const row = $("#grid-reader") && event.key === "Enter" && event.target.matches?.("#grid .g-row") && event.target;
      if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
      event.stopImmediatePropagation();
      event.preventDefault();
      read(row);
    },
    true,
  );
  document.addEventListener(
    "dblclick",
    (event) => {
      const cell = event.target.closest?.("#grid td[data-field]");
      if (!cell || event.target.closest("a, button, input, select")) return;
      event.stopImmediatePropagation();
      edit(cell);
    },
    true,
  );
  document.addEventListener(
    "keydown",
    (event) => {
      const target = event.target instanceof Element ? event.target : document.body;
      const form = target.closest("[data-value-form]");
      if (form) {
        if (event.isComposing) return;
        if (event.key === "Escape") {
          event.preventDefault();
          event.stopImmediatePropagation();
          form.dataset.sent = "yes";
          if ($(".g-field-error", form)) {
            const cell = form.closest("td");
            const row = cell.closest(".g-row");
            refresh(cell).then(() => row.focus());
          } else putBack(form.closest("td"));
        } else if (event.key === "Enter" && target.matches("input, select")) {
          event.preventDefault();
          event.stopImmediatePropagation();
          save(form, 0);
        } else if (event.key === "Tab") {
          const fields = $$("input:not([type=hidden]), select, button", form).filter((one) => one.getClientRects().length);
          const edge = event.shiftKey ? fields[0] : fields.at(-1);
          if (target !== edge) return;
          event.preventDefault();
          save(form, event.shiftKey ? -1 : 1);
        }
        return;
      }
      const cell = target.matches?.("#grid td[data-field]") ? target : null;
      const row = target.closest("#grid .g-row");
      if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
      const cells = cellsOf(row);
      if (event.key === "F2") {
        event.preventDefault();
        if (cell ?? cells[0]) edit(cell ?? cells[0]);
        return;
      }
      if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
        if (target !== row && !cell) return;
        const at = cell ? cells.indexOf(cell) : -1;
        const goal = event.key === "ArrowRight" ? cells[at + 1] : at > 0 ? cells[at - 1] : row;
        event.preventDefault();
        goal?.focus();
        return;
      }
      if (!cell) return;
      if (event.key === "Enter") {
        event.preventDefault();
        event.stopImmediatePropagation();
        edit(cell);
      } else if (event.key === "Escape") {
        event.preventDefault();
        event.stopImmediatePropagation();
        row.focus();
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const rows = $$("#grid .g-row").filter((one) => one.getClientRects().length);
        const other = rows[rows.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)];
        const below = other && $(`td[data-field="${cell.dataset.field}"]`, other);
        event.preventDefault();
        below?.focus();
      }
    },
    true,
  );

  /* ——— Widths of columns ——— */
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  function layOut() {
    const rules = $$("#grid th[data-code]").map((th) => {
      const width = Number(th.dataset.width);
      const place = [...th.parentElement.children].indexOf(th) + 1;
      return width ? `#grid tr > :nth-child(${place}):not([colspan]) { width: ${width}px; max-width: ${width}px; min-width: ${width}px; overflow: hidden; text-overflow: ellipsis; }` : "";
    });
    sheet.replaceSync(`@media (min-width: 768px) { ${rules.join("\n")} }`);
  }
  layOut();
  let widthTimer = 0;
  function setWidth(handle, width, keepIt = true) {
    const th = handle.closest("th");
    const value = Math.round(Math.max(60, Math.min(800, width)));
    th.dataset.width = String(value);
    handle.setAttribute("aria-valuenow", String(value));
    layOut();
    if (!keepIt) return;
    clearTimeout(widthTimer);
    widthTimer = setTimeout(() => keep({ colonne: th.dataset.code, largeur: String(value) }), 300);
  }
  document.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest?.(".g-col-handle");
    if (!handle) return;
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    handle.focus();
    const start = event.clientX;
    const before = handle.closest("th").getBoundingClientRect().width;
    const follow = (move) => setWidth(handle, before + move.clientX - start, false);
    const stop = (end) => {
      handle.removeEventListener("pointermove", follow);
      if (Math.abs(end.clientX - start) > 2) setWidth(handle, before + end.clientX - start);
    };
    handle.addEventListener("pointermove", follow);
    handle.addEventListener("pointerup", stop, { once: true });
    handle.addEventListener("pointercancel", stop, { once: true });
  });
  document.addEventListener("keydown", (event) => {
    const handle = event.target.closest?.(".g-col-handle");
    const by = handle && { ArrowLeft: -10, ArrowRight: 10 }[event.key];
    if (!by) return;
    event.preventDefault();
    setWidth(handle, (Number(handle.closest("th").dataset.width) || handle.closest("th").getBoundingClientRect().width) + by);
  });

  /* ——— Selection of many ——— */
  const bar = $("#bulk");
  const boxes = () => $$("#grid .g-row .g-bare-check");
  let whole = false;
  let lastBox = null;
  const worded = (text, number) => (text ?? "").replace("{}", String(number));
  function tell() {
    if (!bar) return;
    const every = boxes();
    const chosen = every.filter((box) => box.checked);
    const left = every.length - chosen.length;
    // Where it is not yet counted how many there are in all, those of the page can be chosen.
    const counted = $("[data-bulk-whole]")?.dataset ?? {};
    const total = Number(counted.bulkTotal) || every.length;
    bar.hidden = chosen.length === 0;
    const number = whole ? Math.max(0, total - left) : chosen.length;
    const wholeWords = worded(counted.bulkWhole, total.toLocaleString(document.documentElement.lang));
    $("[data-bulk-words]", bar).textContent = whole && left === 0 ? wholeWords : number === 1 ? bar.dataset.bulkOne : worded(bar.dataset.bulkMany, number.toLocaleString(document.documentElement.lang));
    const more = $("[data-bulk-all]", bar);
    more.hidden = whole || total <= chosen.length;
    $("span", more).textContent = wholeWords;
    bar.elements.tout.value = whole ? "1" : "";
    bar.elements.sauf.value = whole ? every.filter((box) => !box.checked).map((box) => box.value).join(",") : "";
    const all = $("[data-grid-all]");
    if (all) {
      all.checked = chosen.length > 0 && left === 0;
      all.indeterminate = chosen.length > 0 && left > 0;
    }
    if (number >= 20 && bar.dataset.bulkSure) bar.dataset.confirm = worded(bar.dataset.bulkSure, number.toLocaleString(document.documentElement.lang));
    else delete bar.dataset.confirm;
  }
  function chooseAll(on, everything = false) {
    whole = on && everything;
    for (const box of boxes()) box.checked = on;
    tell();
  }
  document.addEventListener("change", (event) => {
    const target = event.target;
    if (target.matches("[data-grid-all]")) return chooseAll(target.checked);
    if (target.matches("#grid .g-row .g-bare-check")) {
      lastBox = target;
      tell();
    }
    const change = target.closest?.("[data-bulk-change]");
    if (change) for (const span of $$("[data-bulk-value]", bar)) span.hidden = span.dataset.bulkValue !== change.value;
  });
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("#grid .g-row .g-bare-check");
    if (box && event.shiftKey && lastBox && lastBox !== box) {
      const every = boxes();
      const [from, to] = [every.indexOf(lastBox), every.indexOf(box)].sort((a, b) => a - b);
      for (const one of every.slice(from, to + 1)) one.checked = box.checked;
      tell();
    }
    if (event.target.closest?.("[data-bulk-all]")) chooseAll(true, true);
    if (event.target.closest?.("[data-bulk-none]")) {
      chooseAll(false);
      $("#grid .g-row[tabindex='0']")?.focus();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "a" || !bar) return;
    const target = event.target;
    if (target.closest?.("input:not([type=checkbox]), textarea, select, dialog[open], #lower-pane")) return;
    event.preventDefault();
    chooseAll(true, true);
  });
  /* Rows that come later belong to « toute la recherche » too. */
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!grid()) return;
    if (whole) for (const box of boxes()) if (!box.dataset.seen) box.checked = true;
    for (const box of boxes()) box.dataset.seen = "yes";
    if (event.detail.elt.matches?.("[data-bulk-total]")) tell();
  });
  for (const box of boxes()) box.dataset.seen = "yes";
  /* Thousands of boxes go as one field. */
  bar?.addEventListener("formdata", (event) => {
    const ids = event.formData.getAll("ids");
    event.formData.delete("ids");
    if (!whole) event.formData.set("ids", ids.join(","));
  });
  tell();

  /* ——— Field chooser ——— */
  const itemOf = (node) => node.closest?.("[data-fields] [data-field-item]");
  document.addEventListener("click", (event) => {
    const item = itemOf(event.target);
    const up = event.target.closest?.("[data-field-up]");
    const down = event.target.closest?.("[data-field-down]");
    if (!item || !(up || down)) return;
    if (up && item.previousElementSibling) item.previousElementSibling.before(item);
    if (down && item.nextElementSibling) item.nextElementSibling.after(item);
    (up ?? down).focus();
  });
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.("[data-fields-search]")) return;
    const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    const wanted = plain(event.target.value);
    for (const item of $$("[data-field-item]", event.target.form)) item.hidden = !plain(item.dataset.fieldItem).includes(wanted);
  });
  let dragged = null;
  document.addEventListener("dragstart", (event) => {
    dragged = itemOf(event.target);
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setDragImage(dragged, 12, 12);
  });
  document.addEventListener("dragover", (event) => {
    const over = dragged && itemOf(event.target);
    if (!over || over === dragged) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    if (event.clientY < box.top + box.height / 2) over.before(dragged);
    else over.after(dragged);
  });
  document.addEventListener("drop", (event) => dragged && event.preventDefault());
  document.addEventListener("dragend", () => (dragged = null));

  /* ——— First arrival: the row that the address names is in sight ——— */
  $("#grid .g-row[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
})();
