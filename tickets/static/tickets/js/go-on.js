// Work that takes longer than a request goes on by itself.
document.querySelector("[data-go-on]").requestSubmit();
