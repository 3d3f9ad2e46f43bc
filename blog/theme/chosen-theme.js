// Before anything is drawn, the theme that the reader has chosen: no page is dark for a moment and then light.
try {
  const theme = localStorage.getItem("streamside-theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; then there is nothing chosen.
}
