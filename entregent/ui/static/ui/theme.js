/* Runs before the first paint, so that a dark page never flashes white. The choice is a cookie the server reads too. */
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("g-js");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const choice = root.dataset.theme || "system";
    const shown = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
    root.setAttribute("data-bs-theme", shown);
  };
  const stored = /(?:^|; )theme=(system|light|dark)(?:;|$)/.exec(document.cookie);
  if (stored) root.dataset.theme = stored[1];
  apply();
  dark.addEventListener("change", apply);
  window.gTheme = {
    choose(choice) {
      root.dataset.theme = choice;
      const secure = location.protocol === "https:" ? "; Secure" : "";
      document.cookie = `theme=${choice}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
      apply();
    },
    current: () => root.dataset.theme || "system",
  };
})();
