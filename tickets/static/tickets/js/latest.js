// Opens a ticket at its latest message, unless the address names a place in it.
const scroller = document.getElementById("ticket-scroll");
const messages = scroller.querySelectorAll(".message");
const latest = messages[messages.length - 1];
if (!location.hash && messages.length > 1 && scroller.scrollHeight > scroller.clientHeight) {
  scroller.scrollTop += latest.getBoundingClientRect().top - scroller.getBoundingClientRect().top - 48;
}

// The list beside the ticket shows where in it one is.
document.querySelector(".side-list [aria-current]")?.scrollIntoView({ block: "nearest" });
