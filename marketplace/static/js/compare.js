// Lays a sample and its re-run over each other: with a divider to drag, or as their difference.
// Without this script the two stand side by side.

const VIEWS = ["beside", "slide", "difference"];

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

function show(pair, view) {
  for (const name of VIEWS) pair.classList.toggle(`compare--${name}`, name === view);
  pair.querySelector("input").hidden = view !== "slide";
  cut(pair);
}

function start() {
  const chooser = document.querySelector("[data-compare-views]");
  const pairs = [...document.querySelectorAll("[data-compare]")];
  for (const pair of pairs) {
    if (!pair.querySelector("img")) continue;
    shape(pair);
    pair.addEventListener("input", () => cut(pair));
    if (pair.dataset.compare === "slide") show(pair, "slide");
  }

  const chosen = pairs.filter((pair) => pair.dataset.compare === "");
  if (chooser && chosen.length > 0) {
    const showAll = (view) => chosen.forEach((pair) => show(pair, view));
    chooser.hidden = false;
    chooser.addEventListener("change", (event) => showAll(event.target.value));
    // A browser that comes back to the page may have kept the choice.
    showAll(chooser.querySelector("input:checked").value);
  }
}

start();
// The moderators' desk exchanges the page's content without loading it anew.
document.addEventListener("content:replaced", start);
