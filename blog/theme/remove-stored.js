/** The button on About that removes what Streamside has stored in this browser, and says what that was. */

const SITE = new URL("../", import.meta.url).href;

/** @param {string} name  of a cache or of a setting */
const isOurs = (name) => name.startsWith("streamside");

/** Returns how many files there were. */
async function removeFiles() {
  let count = 0;
  for (const name of (await globalThis.caches?.keys().catch(() => [])) ?? []) {
    if (!isOurs(name)) continue;
    count += (await (await caches.open(name)).keys()).length;
    await caches.delete(name);
  }
  return count;
}

/** Returns whether there was a service worker. */
async function removeWorker() {
  const registration = await navigator.serviceWorker?.getRegistration(SITE).catch(() => undefined);
  return registration?.scope === SITE && registration.unregister();
}

/** Returns how many settings there were. */
function removeSettings() {
  try {
    const names = Object.keys(localStorage).filter(isOurs);
    for (const name of names) localStorage.removeItem(name);
    return names.length;
  } catch {
    return 0; // storage is forbidden
  }
}

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (
  document.querySelectorAll(".remove-stored button")
)) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const worker = await removeWorker(); // first: it keeps files
    const [files, settings] = [await removeFiles(), removeSettings()];
    const removed = [worker && "the service worker", files && `${files} files`, settings && `${settings} settings`];
    const status = button.parentElement?.querySelector("[role=status]");
    if (status)
      status.textContent = `Removed: ${removed.filter(Boolean).join(", ") || "nothing, for there was nothing"}.`;
  });
}
