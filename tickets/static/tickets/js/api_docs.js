// Swagger UI is dark where the root element says so: by the person's own choice, else by the system's.
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

function paint() {
  const { theme } = root.dataset;
  root.classList.toggle("dark-mode", theme === "dark" || (theme === "auto" && system.matches));
}

system.addEventListener("change", paint);
paint();
