// Lays a sample and its re-run over each other: with a divider to drag, or as their difference.
// Without this script the two stand side by side.

const VIEWS = ["beside", "slide", "difference"];

const chooser = document.querySelector("[data-compare-views]");
const pairs = [...document.querySelectorAll("[data-compare]")];

// The re-run shows to the right of the divider.
function cut(pair) {
  const divider = pair.querySelector("input");
  pair.style.setProperty("--cut", `${divider.value}%`);
  divider.setAttribute("aria-valuetext", `${divider.value} % sample, the rest our re-run`);
}

// Both pictures and the divider take the sample's shape, whatever size the re-run has.
function shape(pair) {
  const { width, height } = pair.querySelector("img").attributes;
  pair.style.setProperty("--shape", `${width.value} / ${height.value}`);
}

function show(view) {
  for (const pair of pairs) {
    for (const name of VIEWS) pair.classList.toggle(`compare--${name}`, name === view);
    pair.querySelector("input").hidden = view !== "slide";
    cut(pair);
  }
}

if (chooser && pairs.length > 0) {
  chooser.hidden = false;
  chooser.addEventListener("change", (event) => show(event.target.value));
  for (const pair of pairs) {
    shape(pair);
    pair.addEventListener("input", () => cut(pair));
  }
  // A browser that comes back to the page may have kept the choice.
  show(chooser.querySelector("input:checked").value);
}
