// On a phone the views and the settings' pages stand in a row that scrolls: the current one is brought into sight.
document.querySelector(".views [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
