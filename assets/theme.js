// Light and dark, in the head of the page: as the visitor chose here before, else as the system has it. Gradio sets the
// class by the system alone, when it starts and whenever the system changes.
(() => {
  const KEY = "vs2-theme", system = matchMedia("(prefers-color-scheme: dark)"), hearers = [];
  const kept = () => {
    try { return localStorage.getItem(KEY); } catch (error) { return null; }  // a browser that keeps nothing
  };
  let chosen = kept();
  const dark = () => (chosen === "dark" || chosen === "light" ? chosen === "dark" : system.matches);
  function apply() {
    if (document.body.classList.contains("dark") !== dark()) document.body.classList.toggle("dark", dark());
    for (const hear of hearers) hear(dark());
  }
  window.vs2theme = {
    told(hear) { hearers.push(hear); hear(dark()); },
    set(on) {
      chosen = on ? "dark" : "light";
      try { localStorage.setItem(KEY, chosen); } catch (error) { /* it holds until the page is left */ }
      apply();
    },
  };
  new MutationObserver(apply).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  system.addEventListener("change", apply);
  window.addEventListener("storage", (event) => {  // another window of the app
    if (event.key === KEY) { chosen = kept(); apply(); }
  });
  apply();
})();
