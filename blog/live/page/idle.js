/** Resolves when the browser has nothing to do; where that cannot be asked for, soon. @returns {Promise<void>} */
export function idle() {
  return new Promise((resolve) => {
    if ("requestIdleCallback" in globalThis) requestIdleCallback(() => resolve(), { timeout: 100 });
    else setTimeout(resolve, 1);
  });
}

/**
 * Resolves when nothing that matters more waits to be done: much sooner than `idle`, which comes once in 50 ms, and so for
 * small pieces of work. The same where a browser has no priorities.
 * @returns {Promise<void>}
 */
export function aside() {
  const { scheduler } = /** @type {{scheduler?: {postTask: (task: () => void, options: object) => Promise<void>}}} */ (
    /** @type {unknown} */ (globalThis)
  );
  return scheduler?.postTask ? scheduler.postTask(() => {}, { priority: "background" }) : idle();
}
