/* Behaviours of every page. They are attached by data- attributes and listened to on the document, so that they go on living
   after any swap of htmx. No dependency beside htmx, no eval, no sentence in here: texts come from #g-texts.

   data-open="id" · data-close                     dialogs
   data-dialog="url" data-dialog-title="…"         loads a form or a text into the dialog that every page has
   data-post="url"                                 sends it; the answer is a toast and events
   data-menu="id"                                  a button opens a menu; on a row also right click and Shift+F10
   data-pop="id"                                   a button opens a popover
   data-theme-choice="system|light|dark"
   data-act="compose|filter|split-side"
   data-key="d"                                    a single key clicks this element
   data-go="c"                                     G then this letter follows this link
   data-back                                       Escape follows this link, to the list that was seen last
   data-draft="key"                                a form whose typing is kept until it is saved
   data-reset-on-success · data-close-on-success   forms sent by htmx
   data-autosubmit                                 a form, sent when a choice in it changes
   data-enabled-by="name=value"                    a group of fields, open while this choice of its form is made
   data-confirm="…" data-confirm-label="…" data-confirm-danger   (of a form: not asked by its button data-no-confirm)
   data-typed-word="SUPPRIMER"                     the submit of the form opens on this word
   data-poll="5000" hx-trigger="g:poll"            asked again while the page is seen
   data-copy="value" · data-reveal="id"
   data-splitter="id"
   data-select-all · data-bulkbar · data-bulk-count · data-bulk-chosen
   data-recent-label, -detail, -kind               this page is put among the recent ones
   data-focus                                      takes the focus when it arrives by a swap
   Rows: .g-row sends the event g:select when it is chosen (hx-trigger="g:select"). */
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const body = document.body;
  const texts = $("#g-texts")?.dataset ?? {};
  const storage = (kind) => {
    try {
      return window[kind];
    } catch {
      return { getItem: () => null, setItem: () => {}, removeItem: () => {}, clear: () => {}, length: 0, key: () => null };
    }
  };
  const session = storage("sessionStorage");
  const local = storage("localStorage");
  const remember = (store, key, value) => {
    try {
      store.setItem(key, value);
    } catch {
      /* Full or refused: the page works without. */
    }
  };
  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  };
  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    svg.setAttribute("class", "g-icon");
    svg.setAttribute("aria-hidden", "true");
    const sprite = $("svg.g-icon use")?.getAttribute("href")?.split("#")[0] ?? "/static/ui/icons.svg";
    use.setAttribute("href", `${sprite}#${name}`);
    svg.append(use);
    return svg;
  };
  const announce = (text) => {
    const region = $("#g-announce");
    if (region) region.textContent = text;
  };
  const csrfToken = () => {
    const cookie = /(?:^|; )(?:__Host-)?(?:\w+_)?csrftoken=([^;]+)/.exec(document.cookie);
    return cookie ? decodeURIComponent(cookie[1]) : ($("meta[name=csrf-token]")?.content ?? "");
  };
  const isTyping = (target) =>
    target instanceof Element &&
    (target.closest("textarea, select, [contenteditable=''], [contenteditable=true]") ||
      (target.matches("input") && !["checkbox", "radio", "button", "submit", "reset", "range", "color"].includes(target.type)));
  const isShown = (node) => Boolean(node && node.getClientRects().length);

  /* ——— Theme ——— */
  function chooseTheme(choice) {
    window.gTheme?.choose(choice);
    for (const item of $$("[data-theme-choice]")) item.setAttribute("aria-checked", String(item.dataset.themeChoice === choice));
  }

  /* ——— Menus and popovers ——— */
  let opened = null;
  function place(box, x, y) {
    box.hidden = false;
    const size = box.getBoundingClientRect();
    box.style.left = `${Math.max(8, Math.min(x, innerWidth - size.width - 8))}px`;
    box.style.top = `${Math.max(8, Math.min(y, innerHeight - size.height - 8))}px`;
  }
  function closeBoxes(giveBack = false) {
    if (!opened) return;
    const { box, opener, back } = opened;
    opened = null;
    box.hidden = true;
    if (opener?.hasAttribute("aria-expanded")) opener.setAttribute("aria-expanded", "false");
    if (giveBack) (isShown(back) ? back : opener?.closest(".g-row"))?.focus();
  }
  function openBox(box, opener, x, y, back = opener) {
    const again = opened?.box === box && opened?.opener === opener;
    closeBoxes();
    if (again) return;
    opened = { box, opener, back };
    if (opener?.hasAttribute("aria-expanded")) opener.setAttribute("aria-expanded", "true");
    const dialog = opener?.closest("dialog");
    if (dialog && !dialog.contains(box)) dialog.append(box);
    place(box, x, y);
    const first = box.matches(".g-menu") ? menuItems(box)[0] : $("input, select, button, a, textarea", box);
    (first ?? box).focus();
  }
  const menuItems = (menu) => $$("[role^=menuitem]", menu).filter((item) => isShown(item) && !item.disabled);
  function openMenu(button, x, y) {
    const menu = document.getElementById(button.dataset.menu);
    if (!menu) return;
    const row = button.closest(".g-row");
    if (row) adaptToRow(menu, row);
    const spot = button.getBoundingClientRect();
    if (x !== undefined) return openBox(menu, button, x, y, row ?? button);
    menu.hidden = false;
    const width = menu.offsetWidth;
    const height = menu.offsetHeight;
    menu.hidden = opened?.box !== menu;
    const above = spot.bottom + height + 4 > innerHeight && spot.top > height;
    openBox(menu, button, spot.left + width > innerWidth - 8 ? spot.right - width : spot.left, above ? spot.top - height - 4 : spot.bottom + 4);
  }
  /* One menu serves all rows: {url}, {key}, {query} in data-row-href, -dialog, -post are the row's data-url, -key and
     -query; the header takes its data-name. */
  function adaptToRow(menu, row) {
    selectRow(row, { focus: false });
    for (const node of $$("[data-row-name]", menu)) node.textContent = row.dataset.name ?? "";
    const filled = (text) => text.replaceAll("{url}", row.dataset.url ?? "").replaceAll("{key}", row.dataset.key ?? "").replaceAll("{query}", row.dataset.query ?? "");
    for (const node of $$("[data-row-href]", menu)) node.setAttribute("href", filled(node.dataset.rowHref));
    for (const node of $$("[data-row-dialog]", menu)) node.dataset.dialog = filled(node.dataset.rowDialog);
    for (const node of $$("[data-row-post]", menu)) node.dataset.post = filled(node.dataset.rowPost);
  }
  function moveInMenu(event, menu) {
    const items = menuItems(menu);
    const at = items.indexOf(document.activeElement);
    const goal = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[event.key];
    if (goal !== undefined) {
      event.preventDefault();
      items[goal]?.focus();
    } else if (event.key === "Tab") {
      closeBoxes(true);
    } else if (event.key.length === 1 && /\p{L}/u.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      const ordered = [...items.slice(at + 1), ...items.slice(0, at + 1)];
      ordered.find((item) => item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
    }
  }

  /* ——— Dialogs ——— */
  function openDialog(dialog) {
    closeBoxes();
    if (!dialog || dialog.open) return;
    dialog.showModal();
    if (dialog.id === "palette") palette.open();
  }
  function loadIntoDialog(url, title) {
    const dialog = $("#remote-dialog");
    if (!dialog) return void (location.href = url);
    $("#remote-dialog-title").textContent = title ?? "";
    $("#remote-slot").replaceChildren();
    closeBoxes();
    window.htmx.ajax("GET", url, { target: "#remote-slot", swap: "innerHTML" }).then(() => {
      if ($("#remote-slot").childElementCount) openDialog(dialog);
    });
  }
  let confirmed = null;
  function ask(node, go) {
    const dialog = $("#confirm-dialog");
    if (!dialog) return void (window.confirm(node.dataset.confirm) && go());
    const yes = $("[data-confirm-yes]", dialog);
    $("#confirm-text").textContent = node.dataset.confirm;
    $("span", yes).textContent = node.dataset.confirmLabel ?? yes.dataset.defaultLabel;
    yes.classList.toggle("g-btn-danger", "confirmDanger" in node.dataset);
    yes.classList.toggle("btn-primary", !("confirmDanger" in node.dataset));
    confirmed = go;
    openDialog(dialog);
    yes.focus();
  }

  /* ——— Toasts ——— */
  function toast({ text, undo_url: undoUrl, undo_label: undoLabel, tone = "neutral", retry = null, stay = false, links = [] }) {
    const region = $("#g-toasts");
    if (!region) return;
    const drawing = { ok: "circle-check", bad: "alert-triangle", warn: "alert-circle" }[tone] ?? "info-circle";
    const box = element("div", `g-toast g-toast-${tone}`, icon(drawing), element("span", "", text));
    if (undoUrl) box.append(undoButton(undoUrl, undoLabel));
    box.append(...links.map(toastLink));
    if (retry) {
      const again = element("button", "", texts.retry);
      again.type = "button";
      again.addEventListener("click", () => (box.remove(), retry()));
      box.append(again);
    }
    const close = element("button", "g-toast-close", icon("x"));
    close.type = "button";
    close.setAttribute("aria-label", texts.close);
    close.dataset.dismiss = "";
    box.append(close);
    region.append(box);
    raise(region);
    if (!stay) leaveLater(box);
  }
  function undoButton(url, label) {
    const button = element("button", "", label || texts.undo);
    button.type = "button";
    button.dataset.undo = url;
    return button;
  }
  /* What can come next: to a page, or in the dialog. */
  function toastLink({ label, url, dialog }) {
    const link = element("a", "", label);
    link.href = url;
    if (dialog) link.dataset.dialog = dialog;
    if (dialog) link.dataset.dialogTitle = label;
    return link;
  }
  /* The region is put again on the top layer, so that it is seen above an open dialog. */
  function raise(region) {
    if (!region.showPopover) return;
    if (region.matches(":popover-open")) region.hidePopover();
    region.setAttribute("popover", "manual");
    region.showPopover();
  }
  function leaveLater(box, after = 8000) {
    let timer = setTimeout(() => box.remove(), after);
    const hold = () => clearTimeout(timer);
    const release = () => (timer = setTimeout(() => box.remove(), 4000));
    box.addEventListener("pointerenter", hold);
    box.addEventListener("pointerleave", release);
    box.addEventListener("focusin", hold);
    box.addEventListener("focusout", release);
  }
  document.addEventListener("g:toast", (event) => toast(event.detail));
  for (const box of $$("#g-toasts .g-toast")) {
    try {
      const extra = JSON.parse(box.dataset.extra ?? "{}");
      if (extra.undo) box.insertBefore(undoButton(extra.undo, extra.undo_label), $(".g-toast-close", box));
      for (const link of (extra.links ?? []).map(toastLink)) box.insertBefore(link, $(".g-toast-close", box));
    } catch {
      /* Other people's tags are not JSON. */
    }
    leaveLater(box);
  }

  /* ——— Drafts ——— */
  const draftKey = (form) => `g-draft:${form.dataset.draft}`;
  const draftTimers = new WeakMap();
  const isKept = (field) => field.name && field.name !== "csrfmiddlewaretoken" && !["password", "file", "hidden", "submit", "button"].includes(field.type);
  function keepDraft(form) {
    const values = [...form.elements].filter(isKept).map((field) => [field.name, field.type === "checkbox" || field.type === "radio" ? field.value : null, ["checkbox", "radio"].includes(field.type) ? field.checked : field.value]);
    remember(session, draftKey(form), JSON.stringify(values));
  }
  function restoreDraft(form) {
    if (form.dataset.draftDone) return;
    form.dataset.draftDone = "yes";
    const kept = session.getItem(draftKey(form));
    if (!kept || $(".g-errors, [aria-invalid=true]", form)) return;
    let written = false;
    for (const [name, choice, value] of JSON.parse(kept)) {
      for (const field of [...form.elements].filter((one) => one.name === name)) {
        if (choice === null) {
          if (field.value !== value) written = true;
          field.value = value;
        } else if (field.value === choice) field.checked = value;
      }
    }
    if (!written) return;
    form.dispatchEvent(new CustomEvent("g:restored", { bubbles: true }));
    if (form.matches(".g-composer")) form.classList.add("g-open");
    announce(texts.draftRestored);
  }
  function forgetDraft(form) {
    clearTimeout(draftTimers.get(form));
    session.removeItem(draftKey(form));
  }
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.dataset.draft) return;
    clearTimeout(draftTimers.get(form));
    draftTimers.set(form, setTimeout(() => keepDraft(form), 250));
  });
  /* A form without htmx: its draft goes when the next page does not show it again with errors. */
  const sent = session.getItem("g-draft-sent");
  if (sent) {
    session.removeItem("g-draft-sent");
    const again = $$("form[data-draft]").find((form) => draftKey(form) === sent);
    if (!(again && $(".g-errors, [aria-invalid=true]", again))) session.removeItem(sent);
  }

  /* ——— Composer ——— */
  function compose(link) {
    // A link that says for whom itself (a caller) is not for the client of the page at hand.
    const exact = link?.dataset.compose === "exactly";
    const composer = $("#composer");
    if (composer && !exact) {
      openComposer(composer);
      return;
    }
    const dialog = $("#compose-dialog");
    const url = new URL(link?.href ?? body.dataset.composeUrl, location.href);
    const client = $("[data-client-number]")?.dataset.clientNumber ?? $(".g-row[aria-selected=true][data-client]")?.dataset.client;
    if (client && !exact && !url.searchParams.has("client")) url.searchParams.set("client", client);
    if (!dialog || !window.htmx) return void (location.href = url);
    if (dialog.open) return;
    window.htmx.ajax("GET", url.pathname + url.search, { target: "#compose-slot", swap: "innerHTML" }).then(() => {
      if (!$("#compose-slot").childElementCount) return;
      openDialog(dialog);
      const inside = $(".g-composer, form", dialog);
      if (inside) openComposer(inside);
    });
  }
  function openComposer(composer) {
    composer.classList.add("g-open");
    const empty = $("[data-first]", composer);
    const topics = $$(".g-topic input", composer);
    const goal = empty && !empty.value ? empty : (topics.find((topic) => topic.checked) ?? topics[0] ?? $("textarea, input:not([type=hidden])", composer));
    goal?.focus();
    composer.scrollIntoView({ block: "nearest" });
  }
  function chooseTopic(composer, position) {
    const topic = $$(".g-topic input", composer)[position];
    if (!topic) return false;
    topic.checked = true;
    topic.dispatchEvent(new Event("input", { bubbles: true }));
    topic.dispatchEvent(new Event("change", { bubbles: true }));
    $("textarea", composer)?.focus();
    return true;
  }
  /* ——— What a template proposes: fields that nobody has filled take it, and lose it with the template ——— */
  const valueAtFirst = (field) => (field.matches("select") ? ($$("option", field).find((option) => option.defaultSelected) ?? field.options[0])?.value : field.defaultValue);
  function fillFromTemplate(slot) {
    const form = slot.closest("form");
    const proposed = new Map($$("[data-fill]", slot).map((one) => [one.dataset.fill, one.dataset.value]));
    for (const field of form.elements) {
      const isUntouched = field.value === valueAtFirst(field) || field.value === field.dataset.filled;
      if (!(proposed.has(field.name) || "filled" in field.dataset) || !isUntouched) continue;
      const value = proposed.get(field.name) ?? valueAtFirst(field);
      if (proposed.has(field.name)) field.dataset.filled = value;
      else delete field.dataset.filled;
      if (field.value === value) continue;
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    if (!target?.matches?.("[data-template-slot]")) return;
    /* An answer that comes late: another topic was chosen meanwhile, or the contact is saved already. */
    const asked = new URL(xhr.responseURL, location.href).searchParams.get("topic") ?? "";
    const chosen = target.closest("form")?.elements.topic?.value ?? "";
    if (asked !== chosen) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.matches?.("[data-template-slot]")) fillFromTemplate(event.detail.target);
  });
  document.addEventListener("reset", (event) => {
    for (const field of $$("[data-filled]", event.target)) delete field.dataset.filled;
    for (const slot of $$("[data-template-slot]", event.target)) slot.replaceChildren();
  });
  function keysOfComposer(event, composer) {
    if (event.key === "Escape") {
      if (composer.closest("dialog")) return false;
      composer.classList.remove("g-open");
      document.activeElement.blur();
      return true;
    }
    if (!event.target.closest(".g-topic")) return false;
    /* By position of the key: on AZERTY the key 1 gives « & ». */
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    if (digit && !event.altKey && !event.ctrlKey && !event.metaKey && chooseTopic(composer, Number(digit[1]) - 1)) return true;
    if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) $("textarea", composer)?.focus();
    return false;
  }

  /* ——— Rows of a list ——— */
  const list = () => $("[data-rows], .g-grid:not(.g-nested)");
  const rows = () => $$(".g-row", list() ?? document).filter(isShown);
  let selectTimer = 0;
  function selectRow(row, { focus = true, send = true } = {}) {
    if (!row) return;
    const already = row.getAttribute("aria-selected") === "true";
    for (const other of $$(".g-row", row.closest("table, [data-rows]") ?? document)) {
      other.tabIndex = other === row ? 0 : -1;
      if (other === row) other.setAttribute("aria-selected", "true");
      else other.removeAttribute("aria-selected");
    }
    if (focus) row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    if (already || !send) return;
    clearTimeout(selectTimer);
    selectTimer = setTimeout(() => row.dispatchEvent(new CustomEvent("g:select", { bubbles: true })), 120);
  }
  function moveRow(by) {
    const all = rows();
    if (!all.length) return false;
    const at = all.findIndex((row) => row.getAttribute("aria-selected") === "true");
    selectRow(all[Math.max(0, Math.min(all.length - 1, at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by))]);
    return true;
  }
  const openRow = (row) => $(".g-cell-title a, [data-row-link]", row)?.click();
  function toggleExpander(button) {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    const below = button.closest("tr")?.nextElementSibling;
    if (below?.matches(".g-sub")) below.hidden = !open;
  }
  function toggleFilter() {
    const bar = $(".g-filterbar");
    if (!bar) return;
    bar.hidden = !bar.hidden;
    if ("kept" in bar.dataset) bar.dispatchEvent(new CustomEvent("g:filter", { bubbles: true, detail: { shown: !bar.hidden } }));
    else remember(local, "g-filter-hidden", String(bar.hidden));
    for (const button of $$("[data-act=filter]")) {
      button.setAttribute("aria-expanded", String(!bar.hidden));
      const label = $("span", button);
      if (label) label.textContent = bar.hidden ? texts.showFilter : texts.hideFilter;
    }
  }
  function countSelection(scope = document) {
    for (const bar of $$("[data-bulkbar]", scope.ownerDocument ?? document)) {
      const chosen = $$(".g-row .g-bare-check:checked").length;
      bar.hidden = chosen === 0;
      for (const node of $$("[data-bulk-count]", bar)) node.textContent = String(chosen);
    }
    for (const node of $$("[data-bulk-chosen]")) node.textContent = String($$(".g-row .g-bare-check:checked").length);
    const all = $("[data-select-all]");
    if (!all) return;
    const boxes = $$(".g-row .g-bare-check");
    const chosen = boxes.filter((box) => box.checked).length;
    all.checked = chosen > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  }

  /* ——— Quick search ——— */
  const palette = (() => {
    const dialog = $("#palette");
    if (!dialog) return { open() {} };
    const input = $("#palette-query");
    const listbox = $("#palette-list");
    const note = $("#palette-note");
    const drawings = { clients: "building", people: "id", contracts: "file-text", "business-objects": "file-invoice", invoices: "file-invoice", cases: "folder", interactions: "message-2", recent: "history", actions: "chevron-right" };
    let timer = 0;
    let request = null;
    let options = [];
    let at = -1;
    let shownFor = null;
    let opensWhenReady = null;

    const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    function marked(text, query) {
      const words = plain(query).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
      /* Character by character, so that positions hold when accents are taken off. */
      const letters = [...text];
      const bare = letters.map((letter) => plain(letter)[0] ?? letter).join("");
      const hits = new Array(letters.length).fill(false);
      for (const word of words) for (let from = bare.indexOf(word); from >= 0; from = bare.indexOf(word, from + word.length)) hits.fill(true, from, from + word.length);
      const made = element("b");
      for (let i = 0; i < letters.length; ) {
        let j = i;
        while (j < letters.length && hits[j] === hits[i]) j += 1;
        const piece = letters.slice(i, j).join("");
        made.append(hits[i] ? element("mark", "", piece) : piece);
        i = j;
      }
      return made;
    }
    function option(item, drawing, query) {
      const node = element("div", "g-option", icon(drawing), element("span", "g-option-text", query ? marked(item.label, query) : element("b", "", item.label), item.detail ? element("small", "", item.detail) : null));
      if (item.hold) node.append(element("span", "g-credit g-credit-bad", icon("alert-triangle"), element("span", "", item.hold)));
      if (item.kbd) node.append(element("kbd", "", item.kbd));
      node.setAttribute("role", "option");
      node.id = `palette-option-${options.length}`;
      node.setAttribute("aria-selected", "false");
      options.push({ node, item });
      return node;
    }
    function group(label, count, nodes) {
      const head = element("div", "g-palette-group", label);
      if (count) head.append(element("span", "g-number", String(count)));
      head.id = `palette-group-${listbox.childElementCount}`;
      const box = element("div", "", head, ...nodes);
      box.setAttribute("role", "group");
      box.setAttribute("aria-labelledby", head.id);
      listbox.append(box);
    }
    function select(index) {
      at = options.length ? (index + options.length) % options.length : -1;
      options.forEach(({ node }, i) => node.setAttribute("aria-selected", String(i === at)));
      if (at >= 0) {
        input.setAttribute("aria-activedescendant", options[at].node.id);
        options[at].node.scrollIntoView({ block: "nearest" });
      } else input.removeAttribute("aria-activedescendant");
    }
    function clear() {
      options = [];
      listbox.replaceChildren();
      note.textContent = "";
      select(-1);
      input.setAttribute("aria-expanded", "false");
    }
    const withQuery = (url, name, value) => {
      const made = new URL(url, location.href);
      made.searchParams.set(name, value);
      return made.pathname + made.search;
    };
    function draw(query, groups) {
      clear();
      shownFor = query;
      let found = 0;
      let client = null;
      for (const one of groups) {
        if (!one.items?.length) continue;
        found += one.items.length;
        if (one.kind === "clients") client ??= one.items[0];
        group(one.label, one.count, one.items.map((item) => option({ ...item, kind: one.kind }, drawings[one.kind] ?? "file", query)));
      }
      const actions = [];
      if (client && body.dataset.composeUrl) actions.push(option({ label: `${texts.newContact} — ${client.label}`, url: withQuery(body.dataset.composeUrl, "client", client.number), transient: true }, "phone-call"));
      if (body.dataset.prospectUrl) actions.push(option({ label: texts.createProspect.replace("{}", query), url: withQuery(body.dataset.prospectUrl, "nom", query), transient: true }, "user-plus"));
      if (body.dataset.resultsUrl) actions.push(option({ label: texts.results, url: withQuery(body.dataset.resultsUrl, "q", query), transient: true }, "list-details"));
      if (actions.length) group(texts.actions, 0, actions);
      input.setAttribute("aria-expanded", String(options.length > 0));
      note.textContent = found ? (found === 1 ? texts.resultsOne : texts.resultsMany.replace("{}", found)) : texts.noResult.replace("{}", query);
      note.classList.toggle("g-sr", found > 0);
      select(found ? 0 : -1);
      if (opensWhenReady !== null && found) follow(opensWhenReady);
      opensWhenReady = null;
    }
    function drawRecent() {
      clear();
      shownFor = "";
      const recent = recents();
      if (recent.length) group(texts.recent, 0, recent.map((item) => option(item, drawings[item.kind] ?? "history")));
      input.setAttribute("aria-expanded", String(options.length > 0));
    }
    async function search(query) {
      request?.abort();
      request = new AbortController();
      try {
        const answer = await fetch(withQuery(body.dataset.searchUrl, "q", query), { headers: { Accept: "application/json" }, signal: request.signal, credentials: "same-origin" });
        if (answer.status === 401) return sessionEnded(() => search(query));
        if (answer.status === 422) {
          clear();
          note.classList.remove("g-sr");
          note.textContent = texts.typeMore;
          return;
        }
        if (!answer.ok) throw new Error(String(answer.status));
        const result = await answer.json();
        if (input.value.trim() === query) draw(query, result.groups ?? []);
      } catch (error) {
        if (error.name === "AbortError") return;
        clear();
        opensWhenReady = null;
        note.classList.remove("g-sr");
        note.textContent = texts.searchFailed;
      }
    }
    function typed() {
      clearTimeout(timer);
      opensWhenReady = null;
      const query = input.value.trim();
      if (!query) {
        request?.abort();
        drawRecent();
      } else timer = setTimeout(() => search(query), 200);
    }
    function follow(newTab) {
      const chosen = options[at]?.item;
      if (!chosen) return;
      if (!chosen.transient) addRecent(chosen);
      if (newTab) window.open(chosen.url, "_blank", "noopener");
      else location.href = chosen.url;
    }
    input.addEventListener("input", typed);
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        select(at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1));
      } else if (event.key === "Enter") {
        event.preventDefault();
        if (event.isComposing) return;
        const query = input.value.trim();
        if (query && shownFor !== query) {
          /* Quicker than the answer: it opens when it comes. */
          clearTimeout(timer);
          opensWhenReady = event.ctrlKey || event.metaKey;
          search(query);
        } else follow(event.ctrlKey || event.metaKey);
      }
    });
    listbox.addEventListener("pointermove", (event) => {
      const node = event.target.closest("[role=option]");
      if (node) select(options.findIndex((one) => one.node === node));
    });
    listbox.addEventListener("click", (event) => {
      const node = event.target.closest("[role=option]");
      if (!node) return;
      select(options.findIndex((one) => one.node === node));
      follow(event.ctrlKey || event.metaKey);
    });
    dialog.addEventListener("close", () => (request?.abort(), clearTimeout(timer)));
    return {
      open() {
        input.focus();
        input.select();
        if (input.value.trim()) search(input.value.trim());
        else drawRecent();
      },
    };
  })();
  const recentKey = `g-recent:${body.dataset.recentKey ?? ""}`;
  function recents() {
    try {
      return JSON.parse(session.getItem(recentKey)) ?? [];
    } catch {
      return [];
    }
  }
  function addRecent({ label, detail, url, kind }) {
    remember(session, recentKey, JSON.stringify([{ label, detail, url, kind }, ...recents().filter((one) => one.url !== url)].slice(0, 8)));
  }
  const visited = $("[data-recent-label]");
  if (visited) addRecent({ label: visited.dataset.recentLabel, detail: visited.dataset.recentDetail, kind: visited.dataset.recentKind ?? "clients", url: location.pathname });

  /* ——— Splitter ——— */
  function setSplit(bar, value, keep = true) {
    const share = Math.round(Math.max(20, Math.min(80, value)));
    const split = bar.parentElement;
    split.style.setProperty("--g-split-a", `${share}fr`);
    split.style.setProperty("--g-split-b", `${100 - share}fr`);
    bar.setAttribute("aria-valuenow", String(share));
    if (!keep) return;
    remember(local, `g-split:${bar.dataset.splitter}`, String(share));
    tellSplit(bar);
  }
  const tellSplit = (bar) => bar.dispatchEvent(new CustomEvent("g:split", { bubbles: true, detail: { share: Number(bar.getAttribute("aria-valuenow")), side: isSide(bar) } }));
  const isSide = (bar) => bar.parentElement.classList.contains("g-split-side");
  function setSide(split, side) {
    split.classList.toggle("g-split-side", side);
    const bar = $("[data-splitter]", split);
    bar?.setAttribute("aria-orientation", side ? "vertical" : "horizontal");
  }
  document.addEventListener("pointerdown", (event) => {
    const bar = event.target.closest?.("[data-splitter]");
    if (!bar) return;
    event.preventDefault();
    bar.setPointerCapture(event.pointerId);
    bar.focus();
    const follow = (move) => {
      const box = bar.parentElement.getBoundingClientRect();
      setSplit(bar, isSide(bar) ? ((move.clientX - box.left) / box.width) * 100 : ((move.clientY - box.top) / box.height) * 100);
    };
    const stop = () => {
      bar.removeEventListener("pointermove", follow);
      bar.removeEventListener("pointerup", stop);
      bar.removeEventListener("pointercancel", stop);
    };
    bar.addEventListener("pointermove", follow);
    bar.addEventListener("pointerup", stop);
    bar.addEventListener("pointercancel", stop);
  });
  function keysOfSplitter(event, bar) {
    const now = Number(bar.getAttribute("aria-valuenow"));
    const goal = { ArrowUp: now - 4, ArrowLeft: now - 4, ArrowDown: now + 4, ArrowRight: now + 4, Home: 20, End: 80 }[event.key];
    if (goal === undefined) return false;
    setSplit(bar, goal);
    return true;
  }

  /* ——— htmx: token, waiting, errors, focus ——— */
  /* What somebody is typing is not overwritten by the answer to what they typed before. */
  if (window.Idiomorph) window.Idiomorph.defaults.ignoreActiveValue = true;
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrfToken();
  });
  let waiting = 0;
  let waitTimer = 0;
  document.addEventListener("htmx:beforeRequest", (event) => {
    event.detail.target?.setAttribute?.("aria-busy", "true");
    waiting += 1;
    if (waiting === 1) waitTimer = setTimeout(() => $("#g-loading")?.removeAttribute("hidden"), 300);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    event.detail.target?.removeAttribute?.("aria-busy");
    waiting = Math.max(0, waiting - 1);
    if (waiting === 0) {
      clearTimeout(waitTimer);
      $("#g-loading")?.setAttribute("hidden", "");
    }
    /* The form that was sent: an answer that replaced it leaves only its surroundings in `elt`. */
    const form = (event.detail.requestConfig?.elt ?? event.detail.elt)?.closest?.("form");
    /* A refusal (409, 422) is swapped in as a success is, but nothing is saved: the draft stays. */
    if (!form || !event.detail.successful || event.detail.xhr.status >= 400 || event.detail.requestConfig?.verb === "get") return;
    if (form.dataset.draft) forgetDraft(form);
    if ("resetOnSuccess" in form.dataset) {
      form.reset();
      form.classList.remove("g-open");
      if (form.contains(document.activeElement)) document.activeElement.blur();
    }
    if ("closeOnSuccess" in form.dataset) form.closest("dialog")?.close();
  });
  const again = (event) => {
    const { elt, requestConfig } = event.detail;
    const form = elt?.closest?.("form");
    return () => {
      if (form && form === elt) form.requestSubmit();
      else if (elt?.isConnected) window.htmx.trigger(elt, requestConfig?.triggeringEvent?.type ?? "click");
    };
  };
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (xhr.status === 401) return sessionEnded(again(event));
    if (xhr.status === 403 || xhr.status === 404 || xhr.status === 410) return toast({ text: sentenceOf(xhr) || (xhr.status === 403 ? texts.forbidden : texts.notFound), tone: "bad" });
    if (xhr.status < 500) return toast({ text: sentenceOf(xhr) || texts.failed, tone: "bad" });
    const reference = xhr.getResponseHeader("X-Request-Id");
    const text = requestConfig?.verb === "get" ? texts.loadFailed : texts.failed;
    toast({ text: reference ? `${text} ${texts.reference} ${reference}` : text, tone: "bad", retry: again(event), stay: true });
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      if (event.detail.requestConfig?.triggeringEvent?.type === "g:poll") return;
      toast({ text: event.detail.requestConfig?.verb === "get" ? texts.loadFailed : texts.failed, tone: "bad", retry: again(event), stay: true });
    });
  }
  /* A refusal comes as a fragment with one notice: its sentence goes to the toast. */
  function sentenceOf(xhr) {
    if (!xhr.getResponseHeader("Content-Type")?.startsWith("text/html") || xhr.response.length > 4000) return "";
    return new DOMParser().parseFromString(xhr.response, "text/html").querySelector(".g-notice > div")?.textContent.trim() ?? "";
  }
  let pending = null;
  function sessionEnded(retry) {
    pending = retry;
    const dialog = $("#session-dialog");
    if (dialog) openDialog(dialog);
    else location.reload();
  }
  document.addEventListener("htmx:afterSettle", (event) => {
    const arrived = event.target instanceof Element ? event.target : document;
    const asked = event.detail.requestConfig;
    // What a page fetches by itself takes the focus from nobody.
    const isOfPage = asked && !asked.triggeringEvent && asked.elt?.getAttribute?.("hx-trigger")?.startsWith("load");
    if (!isOfPage) focusIn(arrived, event.detail.xhr?.status);
  });
  function focusIn(root, status) {
    const summary = root.matches?.(".g-errors") ? root : $(".g-errors", root);
    if (summary && (status === 422 || status === undefined)) return summary.focus();
    const goal = root.matches?.("[data-focus]") ? root : $("[data-focus]:not(.g-errors)", root);
    if (goal) goal.focus();
  }
  document.addEventListener("htmx:load", (event) => arrive(event.target));
  document.addEventListener("htmx:confirm", (event) => {
    const { elt } = event.detail;
    const node = elt.matches("[data-confirm]") ? elt : event.detail.triggeringEvent?.submitter?.closest?.("[data-confirm]");
    if (!node) return;
    event.preventDefault();
    ask(node, () => event.detail.issueRequest(true));
  });

  /* ——— What a page or a fragment needs when it arrives ——— */
  function arrive(root) {
    if (!(root instanceof Element)) return;
    const within = (selector) => [...(root.matches(selector) ? [root] : []), ...$$(selector, root)];
    for (const form of within("form[data-draft]")) restoreDraft(form);
    for (const input of within("[data-typed-word]")) checkWord(input);
    for (const group of within("[data-enabled-by]")) openGroup(group);
    for (const bar of within("[data-splitter]")) {
      /* data-kept: the server knows better than this browser. */
      const kept = "kept" in bar.dataset ? 0 : Number(local.getItem(`g-split:${bar.dataset.splitter}`));
      setSplit(bar, kept || Number(bar.getAttribute("aria-valuenow")), false);
      if ("kept" in bar.dataset ? bar.dataset.kept === "side" : local.getItem(`g-split-side:${bar.dataset.splitter}`) === "true") setSide(bar.parentElement, true);
    }
    for (const node of within("[data-poll]")) poll(node);
    if (within(".g-row").length) {
      const table = $(".g-row", root)?.closest("table, [data-rows]") ?? root;
      if (!$(".g-row[tabindex='0']", table)) $(".g-row", table)?.setAttribute("tabindex", "0");
      countSelection();
    }
  }
  function poll(node) {
    if (node.dataset.polling) return;
    node.dataset.polling = "yes";
    const timer = setInterval(() => {
      if (!node.isConnected || !("poll" in node.dataset)) return clearInterval(timer);
      if (!document.hidden && navigator.onLine) node.dispatchEvent(new CustomEvent("g:poll"));
    }, Math.max(1000, Number(node.dataset.poll) || 5000));
  }
  function openGroup(group) {
    const [name, value] = group.dataset.enabledBy.split("=");
    group.disabled = !$$(`[name="${CSS.escape(name)}"]`, group.closest("form")).some((input) => input.value === value && (input.checked || input.matches("select")));
  }
  document.addEventListener("change", ({ target }) => {
    for (const group of $$("[data-enabled-by]", target.form ?? undefined)) openGroup(group);
  });
  function checkWord(input) {
    const good = input.value.trim() === input.dataset.typedWord;
    for (const button of $$("button[type=submit], button:not([type])", input.form ?? document)) if (!("confirmYes" in button.dataset)) button.disabled = !good;
  }

  /* The browser takes the focus from a closed dialog only when it next draws: too late for a quick hand. */
  document.addEventListener(
    "close",
    (event) => {
      if (event.target.contains(document.activeElement)) document.activeElement.blur();
    },
    true,
  );

  /* ——— Offline ——— */
  const showLine = () => $("#g-offline")?.toggleAttribute("hidden", navigator.onLine);
  addEventListener("offline", showLine);
  addEventListener("online", showLine);

  /* ——— Clicks ——— */
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    const near = (selector) => target.closest(selector);
    const plainClick = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    let node;
    if ((node = near("[data-confirm-yes]"))) {
      const go = confirmed;
      confirmed = null;
      node.closest("dialog").close();
      go?.();
      return;
    }
    if ((node = near("a[data-confirm]:not([hx-get],[hx-post],[hx-delete])")) && plainClick) {
      event.preventDefault();
      ask(node, () => (location.href = node.href));
      return;
    }
    if ((node = near("[data-session-retry]"))) {
      const retry = pending;
      pending = null;
      for (const field of $$("input[name=csrfmiddlewaretoken]")) field.value = csrfToken();
      node.closest("dialog").close();
      retry?.();
      return;
    }
    if ((node = near("[data-open]"))) {
      if (!plainClick) return;
      event.preventDefault();
      openDialog(document.getElementById(node.dataset.open));
      return;
    }
    if ((node = near("[data-close]"))) {
      node.closest("dialog")?.close();
      return;
    }
    if ((node = near("[data-dialog]")) && plainClick) {
      event.preventDefault();
      loadIntoDialog(node.dataset.dialog || node.href, node.dataset.dialogTitle ?? node.textContent.trim());
      return;
    }
    if ((node = near("[data-post]"))) {
      closeBoxes(true);
      window.htmx.ajax("POST", node.dataset.post, { source: body, target: body, swap: "none" });
      return;
    }
    if ((node = near("[data-menu]"))) {
      event.preventDefault();
      openMenu(node);
      return;
    }
    if ((node = near("[data-pop]"))) {
      const box = document.getElementById(node.dataset.pop);
      const spot = node.getBoundingClientRect();
      if (box) openBox(box, node, spot.right - 272, spot.bottom + 4);
      return;
    }
    if ((node = near("[data-theme-choice]"))) chooseTheme(node.dataset.themeChoice);
    if ((node = near("[data-undo]"))) {
      node.closest(".g-toast").remove();
      window.htmx.ajax("POST", node.dataset.undo, { source: body, target: body, swap: "none" });
      return;
    }
    if ((node = near("[data-dismiss]"))) {
      node.closest(".g-toast").remove();
      return;
    }
    if ((node = near("[data-copy]"))) {
      navigator.clipboard?.writeText(node.dataset.copy).then(() => toast({ text: texts.copied, tone: "ok" }));
      return;
    }
    if ((node = near("[data-reveal]"))) {
      const field = document.getElementById(node.dataset.reveal);
      const show = field.type === "password";
      field.type = show ? "text" : "password";
      node.setAttribute("aria-pressed", String(show));
      const label = node.textContent;
      node.textContent = node.dataset.hideLabel;
      node.dataset.hideLabel = label;
      field.focus();
      return;
    }
    if ((node = near("[data-act]")) && plainClick) {
      const act = { compose: () => compose(node), filter: toggleFilter, "split-side": () => toggleSide(node) }[node.dataset.act];
      if (act) {
        event.preventDefault();
        act();
        return;
      }
    }
    if ((node = near(".g-expander"))) {
      toggleExpander(node);
      return;
    }
    if ((node = near(".g-menu [role^=menuitem]"))) closeBoxes(true);
    else if (!near(".g-menu, .g-popover")) closeBoxes();
    if ((node = near(".g-errors a[href^='#']"))) {
      const field = document.getElementById(decodeURIComponent(node.hash.slice(1)));
      const goal = field?.matches("fieldset, div") ? $("input, select, textarea", field) : field;
      if (goal) {
        event.preventDefault();
        goal.focus();
      }
      return;
    }
    if (target.matches("dialog")) {
      const box = target.getBoundingClientRect();
      const outside = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
      if (outside && event.detail > 0) target.close();
      return;
    }
    if ((node = near(".g-composer"))) node.classList.add("g-open");
    const row = near(".g-row");
    if (row && !near("a, button, input, label, select")) selectRow(row);
  });
  function toggleSide(button) {
    const split = button.closest(".g-split") ?? $(".g-split");
    const bar = split && $("[data-splitter]", split);
    if (!bar) return;
    const side = !split.classList.contains("g-split-side");
    setSide(split, side);
    remember(local, `g-split-side:${bar.dataset.splitter}`, String(side));
    tellSplit(bar);
  }
  document.addEventListener("dblclick", (event) => {
    const row = event.target.closest?.(".g-row");
    if (row && !event.target.closest("a, button, input, label, select")) openRow(row);
  });
  document.addEventListener("contextmenu", (event) => {
    const row = event.target.closest?.(".g-row");
    const button = row && $("[data-menu]", row);
    if (!button || event.target.closest("a, input") || String(getSelection())) return;
    event.preventDefault();
    openMenu(button, event.clientX, event.clientY);
  });
  document.addEventListener("focusin", (event) => {
    const composer = event.target.closest?.(".g-composer");
    if (composer && event.target.matches("textarea, input:not([type=radio]), select")) composer.classList.add("g-open");
  });
  document.addEventListener("change", (event) => {
    const target = event.target;
    if (target.matches("[data-select-all]")) for (const box of $$(".g-row .g-bare-check")) box.checked = target.checked;
    if (target.matches(".g-bare-check")) countSelection();
    const form = target.form;
    if (form && "autosubmit" in form.dataset && !target.matches("[type=search], [type=text], textarea")) form.requestSubmit();
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-typed-word]")) checkWord(event.target);
  });
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      const asker = event.submitter?.matches("[data-confirm]") ? event.submitter : form.matches("[data-confirm]") && !event.submitter?.matches("[data-no-confirm]") ? form : null;
      if (asker && form.dataset.confirmed !== "yes" && !form.matches("[hx-post],[hx-put],[hx-patch],[hx-delete]")) {
        event.preventDefault();
        ask(asker, () => {
          form.dataset.confirmed = "yes";
          form.requestSubmit(event.submitter);
          delete form.dataset.confirmed;
        });
        return;
      }
      if (form.dataset.draft && !form.matches("[hx-post],[hx-put],[hx-patch]")) {
        keepDraft(form);
        remember(session, "g-draft-sent", draftKey(form));
      }
      /* Nothing of one person stays for the next one on the same machine. */
      if (/deconnexion|logout/.test(form.getAttribute("action") ?? "")) session.clear();
    },
    true,
  );

  /* ——— Keys ——— */
  let goAt = 0;
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : body;
    const control = event.ctrlKey || event.metaKey;
    if (control && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k" && $("#palette")) {
      event.preventDefault();
      const dialog = $("#palette");
      if (dialog.open) dialog.close();
      else if (!$("dialog[open]")) openDialog(dialog);
      return;
    }
    if (event.key === "Escape" && opened) {
      event.preventDefault();
      closeBoxes(true);
      return;
    }
    const menu = target.closest(".g-menu");
    if (menu) return moveInMenu(event, menu);
    if (event.key === "Escape" && target.closest("dialog[open]") && !event.isComposing) {
      /* At once, so that the next key already belongs to the page. */
      event.preventDefault();
      const dialog = target.closest("dialog[open]");
      dialog.close();
      if (dialog.contains(document.activeElement)) document.activeElement.blur();
      return;
    }
    const bar = target.closest("[data-splitter]");
    if (bar && keysOfSplitter(event, bar)) return event.preventDefault();
    if (event.key === "Enter" && control && target.closest("form")) {
      const form = target.closest("form");
      if (form.matches(".g-composer, [data-draft], [data-ctrl-enter]")) {
        event.preventDefault();
        form.requestSubmit($("[data-default-submit]", form) ?? undefined);
        return;
      }
    }
    const composer = target.closest(".g-composer");
    if (composer && keysOfComposer(event, composer)) return event.preventDefault();
    if (composer && target.closest(".g-topic")) return;
    const row = target.closest(".g-row");
    if (row && ((event.shiftKey && event.key === "F10") || event.key === "ContextMenu")) {
      const button = $("[data-menu]", row);
      if (!button) return;
      event.preventDefault();
      const spot = row.getBoundingClientRect();
      openMenu(button, spot.left + 90, spot.bottom);
      return;
    }
    if (row && row === target && !control && !event.altKey) {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (by) return event.preventDefault(), void moveRow(by);
      if (event.key === "Enter") return event.preventDefault(), openRow(row);
      if (event.key === " ") return event.preventDefault(), $(".g-bare-check", row)?.click();
    }
    if (isTyping(target) || control || event.altKey || $("dialog[open]")) return;
    if (event.key === "Escape") {
      $("[data-back]")?.click();
      return;
    }
    if (body.dataset.singleKeys === "off" || event.isComposing) return;
    if (singleKey(event)) event.preventDefault();
  });
  function singleKey(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : "";
    if (!key) return false;
    if (goAt && Date.now() - goAt < 1500) {
      goAt = 0;
      const link = $(`[data-go="${CSS.escape(key)}"]`);
      if (link) return link.click(), true;
    }
    goAt = 0;
    if (key === "g") return (goAt = Date.now()), true;
    if (key === "?") return openDialog($("#shortcuts")), true;
    if (key === "n" && (body.dataset.composeUrl || $("#composer"))) return compose(), true;
    if (key === "j" && moveRow(1)) return true;
    if (key === "k" && moveRow(-1)) return true;
    if (key === "/") {
      const field = $("[data-list-search], .g-filterbar input[type=search]");
      if (field) return $(".g-filterbar")?.removeAttribute("hidden"), field.focus(), field.select(), true;
      if ($("#palette")) return openDialog($("#palette")), true;
    }
    if (key === "f" && $(".g-filterbar")) return toggleFilter(), true;
    const chosen = $(".g-row[aria-selected=true]");
    if (key === "e" && chosen && $(".g-expander", chosen)) return $(".g-expander", chosen).click(), true;
    if (key === "x" && chosen && $(".g-bare-check", chosen)) return $(".g-bare-check", chosen).click(), true;
    const bound = $$(`[data-key="${CSS.escape(key)}"]`).find(isShown);
    if (bound) return bound.click(), true;
    return false;
  }

  /* ——— First arrival ——— */
  if (local.getItem("g-filter-hidden") === "true" && $("[data-act=filter]") && $(".g-filterbar:not([data-kept])")) toggleFilter();
  chooseThemeMark();
  function chooseThemeMark() {
    const now = window.gTheme?.current();
    for (const item of $$("[data-theme-choice]")) item.setAttribute("aria-checked", String(item.dataset.themeChoice === now));
  }
  /* Back to the list as it was left: its filter, its order, its row. */
  addEventListener("pagehide", () => $("[data-rows]") && remember(session, "g-back", location.pathname + location.search));
  const lastList = session.getItem("g-back");
  if (lastList?.split("/")[1] === location.pathname.split("/")[1]) for (const link of $$("[data-back]")) link.href = lastList;
  arrive(body);
  showLine();
  $(".g-side-nav a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  const summary = $(".g-errors");
  if (summary) summary.focus();
})();
