// What scrolls sideways is reached by keyboard, too: wide blocks, tables and formulas.
new ResizeObserver(() => {
  for (const part of document.querySelectorAll("pre, .table-wrapper, .math-wrapper")) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  }
}).observe(document.body);
