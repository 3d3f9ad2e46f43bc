/** Resolves when the browser has nothing to do; where that cannot be asked for, soon. @returns {Promise<void>} */
export function idle() {
  return new Promise((resolve) => {
    if ("requestIdleCallback" in globalThis) requestIdleCallback(() => resolve(), { timeout: 100 });
    else setTimeout(resolve, 1);
  });
}
