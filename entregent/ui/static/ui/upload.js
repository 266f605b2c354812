/* Files that are sent piece by piece, and go on after a break.

   [data-uploads="url"]        holds an <input type="file" multiple>; url begins an upload, url/<token>/<offset>/ takes a piece
   data-uploads-submit         the form is sent once everything has come
   data-most, data-words-…     the limit in octets, and what is said

   What was begun is remembered in this browser: the same file chosen again goes on where it stopped, even after the page
   was closed. Without this script the form sends its files itself. */
(() => {
  "use strict";
  const PIECE = 4 * 1024 * 1024;
  const token = () => document.querySelector("meta[name=csrf-token]")?.content || document.querySelector("input[name=csrfmiddlewaretoken]")?.value || "";
  const said = (words, ...values) => values.reduce((text, value) => text.replace("{}", value), words ?? "");
  const size = (octets) => {
    const [unit, one] = octets < 1e3 ? ["byte", 1] : octets < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
    return new Intl.NumberFormat(document.documentElement.lang || "fr", { style: "unit", unit, maximumFractionDigits: 1 }).format(octets / one);
  };
  const pause = (ms) => new Promise((done) => {
    const timer = setTimeout(done, ms);
    /* Back on line: no need to wait any longer. */
    addEventListener("online", () => { clearTimeout(timer); done(); }, { once: true });
  });
  const store = {
    get(key) { try { return localStorage.getItem(key); } catch { return null; } },
    set(key, value) { try { value ? localStorage.setItem(key, value) : localStorage.removeItem(key); } catch { /* Not remembered then. */ } },
  };

  async function asked(url, options = {}) {
    const answer = await fetch(url, { credentials: "same-origin", ...options, headers: { Accept: "application/json", "X-CSRFToken": token(), ...options.headers } });
    const body = await answer.json().catch(() => ({}));
    /* What a server that restarts or is busy answers is worth another try; a refusal is not. */
    if (!answer.ok) throw Object.assign(new Error(body.title || String(answer.status)), { status: answer.status, again: answer.status >= 500 || answer.status === 429 || (answer.status === 409 && options.method === "PUT") });
    return body;
  }

  class Sending {
    constructor(box, file) {
      this.box = box;
      this.file = file;
      this.url = box.dataset.uploads;
      this.key = `g-upload:${this.url}:${file.name}:${file.size}:${file.lastModified}`;
      this.line = document.createElement("li");
      this.line.className = "g-upload";
      this.words = document.createElement("span");
      this.words.className = "g-file-name";
      this.bar = document.createElement("progress");
      this.bar.max = 100;
      this.bar.value = 0;
      this.bar.setAttribute("aria-label", file.name);
      this.off = document.createElement("button");
      this.off.type = "button";
      this.off.className = "g-link";
      this.off.textContent = said(box.dataset.wordsRemove, file.name);
      this.off.addEventListener("click", () => this.remove());
      this.line.append(this.words, this.bar, this.off);
      box.querySelector(".g-upload-list").append(this.line);
      this.tell(0);
    }
    tell(received) {
      const part = this.file.size ? Math.floor((100 * received) / this.file.size) : 0;
      this.bar.value = part;
      const share = new Intl.NumberFormat(document.documentElement.lang || "fr", { style: "percent" }).format(part / 100);
      this.words.textContent = said(this.box.dataset.wordsGoing, this.file.name, share, size(this.file.size));
    }
    remove() {
      this.gone = true;
      this.stop?.abort();
      store.set(this.key, "");
      this.line.remove();
      settle(this.box);
    }
    fail(words, reason) {
      this.failed = true;
      this.words.textContent = said(words, this.file.name) + (reason ? ` — ${reason}` : "");
      this.line.classList.add("g-upload-bad");
      this.line.setAttribute("role", "alert");
      this.bar.remove();
      store.set(this.key, "");
      settle(this.box);
    }
    async run() {
      const words = this.box.dataset;
      if (!this.file.size) return this.fail(words.wordsEmpty);
      if (this.file.size > Number(words.most)) return this.fail(words.wordsLarge);
      let wait = 1000;
      let state = null;
      while (!this.gone) {
        try {
          if (!state) state = await this.begun();
          if (state.kept) return this.done(state);
          const end = Math.min(state.received + PIECE, this.file.size);
          this.stop = new AbortController();
          state = await asked(`${this.url}${state.token}/${state.received}/`, { method: "PUT", body: this.file.slice(state.received, end), headers: { "Content-Type": "application/octet-stream" }, signal: this.stop.signal });
          this.tell(state.received);
          wait = 1000;
        } catch (error) {
          if (this.gone) return;
          if (error.status && !error.again) return this.fail(words.wordsFailed, error.message);
          this.words.textContent = said(words.wordsWaiting, this.file.name);
          await pause(wait);
          wait = Math.min(wait * 2, 30000);
          state = null;
        }
      }
    }
    /* The upload that was begun before, as far as it has come; else a new one. */
    async begun() {
      const known = store.get(this.key);
      if (known) {
        try {
          const state = await asked(`${this.url}${known}/`);
          this.tell(state.received);
          return state;
        } catch (error) {
          if (!error.status || error.again) throw error;
          store.set(this.key, "");
        }
      }
      const state = await asked(this.url, { method: "POST", body: new URLSearchParams({ name: this.file.name, size: String(this.file.size) }) });
      store.set(this.key, state.token);
      return state;
    }
    done(state) {
      store.set(this.key, "");
      this.bar.remove();
      this.words.textContent = said(this.box.dataset.wordsDone, state.name);
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = "uploads";
      input.value = state.token;
      this.line.append(input);
      this.line.dataset.uploadDone = "";
      settle(this.box);
    }
  }

  const going = new WeakMap();
  /* While something is on its way the form waits. */
  function settle(box) {
    const all = (going.get(box) ?? []).filter((one) => !one.gone && !one.failed);
    const waits = all.some((one) => !("uploadDone" in one.line.dataset));
    for (const button of box.closest("form").querySelectorAll("[type=submit]")) button.disabled = waits;
    box.toggleAttribute("aria-busy", waits);
    if (!waits && all.length && box.hasAttribute("data-uploads-submit")) box.closest("form").requestSubmit();
  }
  function take(box, files) {
    const list = going.get(box) ?? [];
    going.set(box, list);
    const fresh = [...files].map((file) => new Sending(box, file));
    list.push(...fresh);
    settle(box);
    /* One after the other: together they would only share the line. */
    box.queue = (box.queue ?? Promise.resolve()).then(async () => {
      for (const one of fresh) await one.run();
    });
  }
  document.addEventListener("change", (event) => {
    const box = event.target.closest?.("[data-uploads]");
    if (!box || event.target.type !== "file" || !event.target.files.length) return;
    take(box, event.target.files);
    event.target.value = "";
  });
  document.addEventListener("dragover", (event) => {
    const box = event.target.closest?.("[data-uploads]");
    if (!box) return;
    event.preventDefault();
    box.classList.add("g-dropping");
  });
  for (const name of ["dragleave", "drop"]) document.addEventListener(name, (event) => {
    const box = event.target.closest?.("[data-uploads]");
    if (!box) return;
    box.classList.remove("g-dropping");
    if (name === "drop" && event.dataTransfer?.files.length) {
      event.preventDefault();
      take(box, event.dataTransfer.files);
    }
  });
  addEventListener("beforeunload", (event) => {
    if (document.querySelector("[data-uploads][aria-busy]")) event.preventDefault();
  });
})();
