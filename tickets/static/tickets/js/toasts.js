// Messages in the corner stay until they are dismissed: nobody has to read against a clock.
document.getElementById("toasts").addEventListener("click", (event) => {
  const toast = event.target.closest("[data-dismiss]")?.closest(".toast");
  if (toast) toast.hidden = true;
});
