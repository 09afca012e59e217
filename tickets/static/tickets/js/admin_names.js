// Names for the fields that Django's admin draws without one: autocompletes, dates beside times, empty heads of tables.
// It runs before the admin's own scripts, which wait for the whole page.
const words = (element) => element?.textContent.trim().replace(/:$/, "") ?? "";

function labelOf(select) {
  const column = select.closest("td")?.cellIndex;
  return words(select.labels?.[0]) || words(select.closest("table")?.tHead?.rows[0]?.cells[column]) || select.name;
}

function nameAll() {
  for (const drawn of document.querySelectorAll("select + .select2-container")) {
    const name = labelOf(drawn.previousElementSibling);
    const fields = ".select2-selection, .select2-selection__rendered[role], .select2-search__field";
    for (const field of drawn.querySelectorAll(fields)) {
      if (!field.ariaLabel) field.ariaLabel = name;
    }
  }
  for (const search of document.querySelectorAll(".select2-search--dropdown .select2-search__field:not([aria-label])")) {
    search.ariaLabel = labelOf(document.querySelector("select:has(+ .select2-container--open)"));
  }
}

for (const input of document.querySelectorAll(".datetime input:not([aria-label])")) {
  input.ariaLabel = `${words(input.closest("fieldset")?.querySelector("legend"))} ${words(input.previousSibling)}`.trim();
}
for (const head of document.querySelectorAll(".inline-group thead th:not(:has(*))")) {
  if (!words(head)) head.replaceWith(document.createElement("td"));
}
// Its button to clear a list of values is no part of a list; each value has one of its own.
for (const list of document.querySelectorAll("select[multiple].admin-autocomplete")) list.dataset.allowClear = "false";
if (document.querySelector("select.admin-autocomplete")) {
  new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true });
}
