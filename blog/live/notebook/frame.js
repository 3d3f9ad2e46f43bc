/** The page in a notebook's frame: a live example that follows the notebook's theme and tells how high it is. */
import "../page/live-example.js";

const { theme, frame } = Object.fromEntries(new URLSearchParams(location.search));
if (theme) document.documentElement.dataset.theme = theme;

const tellHeight = () => parent.postMessage({ streamside: frame, height: document.body.offsetHeight }, "*");
new ResizeObserver(tellHeight).observe(document.body);
