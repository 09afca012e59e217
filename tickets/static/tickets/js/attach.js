// Files are uploaded as soon as they are chosen, dropped or pasted, and wait in the composer.
const composer = document.getElementById("composer");
const problem = document.getElementById("composer-problem");
const words = composer.dataset;
let uploading = 0;

function complain(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

async function upload(file, kind) {
  const list = composer.querySelector(`[data-kind=${kind}] .held-files`);
  const line = document.createElement("li");
  line.className = "held-file muted small";
  line.textContent = words.uploading.replace("%n", file.name);
  list.append(line);
  const form = new FormData();
  form.set("csrfmiddlewaretoken", composer.elements.csrfmiddlewaretoken.value);
  form.set("kind", kind);
  form.set("file", file, file.name || "image.png");
  uploading += 1;
  try {
    const answer = await fetch(words.upload, { method: "POST", body: form });
    if (answer.status === 422) complain((await answer.json()).error);
    else if (!answer.ok) throw new Error(answer.status);
    else line.insertAdjacentHTML("afterend", await answer.text());
  } catch {
    complain(words.notTaken.replace("%n", file.name));
  }
  uploading -= 1;
  line.remove();
}

function take(files) {
  const kind = composer.querySelector("[name=mode]:checked").value;
  complain("");
  for (const file of files) upload(file, kind);
}

for (const input of composer.querySelectorAll(".attach-input")) {
  input.addEventListener("change", () => {
    take(input.files);
    input.value = "";
  });
}
composer.addEventListener("paste", (event) => {
  if (!event.clipboardData.files.length) return;
  event.preventDefault();
  take(event.clipboardData.files);
});
for (const type of ["dragover", "drop", "dragleave"]) {
  composer.addEventListener(type, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    composer.toggleAttribute("data-drop", type === "dragover");
    if (type === "drop") take(event.dataTransfer.files);
  });
}
composer.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-remove]");
  if (!button) return;
  const body = new FormData();
  body.set("csrfmiddlewaretoken", composer.elements.csrfmiddlewaretoken.value);
  button.closest("li").remove();
  await fetch(button.dataset.remove, { method: "POST", body });
});
composer.addEventListener("submit", (event) => {
  if (!uploading) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  complain(words.wait);
}, true);
