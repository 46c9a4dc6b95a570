// Code is copied by a click or a key, as one types it: without prompts, nor what was printed.
const typed = (text) => {
  const lines = text.split("\n");
  const prompted = lines.filter((line) => /^(>>>|\.\.\.)( |$)/.test(line));
  return (prompted.length ? prompted.map((line) => line.slice(4)) : lines).join("\n").trim();
};

for (const code of navigator.clipboard ? document.querySelectorAll("div.highlight pre") : []) {
  if (code.closest(".output")) continue;
  const button = document.createElement("button");
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(typed(code.textContent));
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  code.before(button);
}
