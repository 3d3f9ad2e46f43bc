/*
 * In a notebook's output: opens the live example that the kernel serves, by whichever way gets there from this browser. It is
 * a script of its own in that output, and not a module.
 */
(async () => {
  const place = document.currentScript?.parentElement;
  if (!place) return;
  const { port, secret, page, title } = place.dataset;
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(location.hostname) || !location.protocol.startsWith("http");
  const { baseUrl } = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}");
  const ways = isHere ? [`http://127.0.0.1:${port}`] : [];
  if (baseUrl) ways.push(new URL(`${baseUrl}proxy/${port}`, location.href).href);

  /** @param {string} way */
  const leadsThere = async (way) => {
    const answer = await fetch(`${way}/${secret}/alive`, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
    return answer?.status === 204;
  };

  for (const way of ways) {
    if (!(await leadsThere(way))) continue;
    const name = crypto.getRandomValues(new Uint32Array(2)).join("-");
    const isLight = document.body.dataset.jpThemeLight;
    const theme = isLight ? `&theme=${isLight === "false" ? "dark" : "light"}` : "";
    const frame = document.createElement("iframe");
    frame.title = title ?? "";
    frame.src = `${way}/${secret}/${page}.html?frame=${name}${theme}`;
    frame.style.cssText = "display: block; width: 100%; height: 24rem; border: 0";
    addEventListener("message", ({ data }) => {
      if (data?.streamside === name) frame.style.height = `${data.height}px`;
    });
    for (const child of place.children) child.setAttribute("hidden", "");
    place.prepend(frame);
    return;
  }
  const sentence = document.createElement("p");
  sentence.setAttribute("role", "status");
  sentence.textContent =
    `The example cannot run in this notebook: this browser reaches port ${port} of the kernel’s machine neither directly ` +
    "nor through jupyter-server-proxy, which the Jupyter server needs for that. This was recorded:";
  place.prepend(sentence);
})();
