/*
 * In a notebook's output: finds the way from this browser to the server of the kernel's frames, and opens what the output is
 * about: a live example, or the Check of a task. It is a script of its own in that output, and not a module.
 */
(async () => {
  const place = document.currentScript?.parentElement;
  if (!place) return;
  const { port, secret, page, task, title } = place.dataset;
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(location.hostname) || !location.protocol.startsWith("http");
  const { baseUrl } = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}");
  const ways = isHere ? [`http://127.0.0.1:${port}`] : [];
  if (baseUrl) ways.push(new URL(`${baseUrl}proxy/${port}`, location.href).href);

  const findWay = async () => {
    for (const way of ways) {
      const signal = AbortSignal.timeout(5_000);
      const answer = await fetch(`${way}/${secret}/alive`, { signal }).catch(() => null);
      if (answer?.status === 204) return way;
    }
    return null;
  };

  /** @param {string} way */
  const showFrame = (way) => {
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
  };

  /** @param {string} way */
  const showCheck = (way) => {
    const check = document.createElement("button");
    const state = document.createElement("span");
    check.textContent = "Check";
    check.setAttribute("aria-label", `Check task ${task}`);
    state.setAttribute("role", "status");
    check.addEventListener("click", async () => {
      state.textContent = "The example is being visited.";
      const answer = await fetch(`${way}/${secret}/check/${task}`, { method: "POST" }).catch(() => null);
      state.textContent = answer?.ok ? await answer.text() : "The kernel does not answer: run the cell again.";
    });
    place.append(check, " ", state);
  };

  const way = await findWay();
  if (task) return way && showCheck(way); // else the text says what to run instead
  if (way) return showFrame(way);
  const sentence = document.createElement("p");
  sentence.setAttribute("role", "status");
  sentence.textContent =
    `The example cannot run in this notebook: this browser reaches port ${port} of the kernel’s machine neither directly ` +
    "nor through jupyter-server-proxy, which the Jupyter server needs for that. This was recorded:";
  place.prepend(sentence);
  return undefined;
})();
