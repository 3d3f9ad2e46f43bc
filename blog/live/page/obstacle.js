/** Whether Python can run in this page at all. */
import { missingSource } from "./content-security.js";

const SITE = new URL("../../", import.meta.url).href;
export const REFUSED = "This browser does not let this page have a service worker; Python in the page needs one.";

/**
 * Why Python cannot run in this page, in one sentence; null if it can.
 * @returns {Promise<string | null>}
 */
export async function obstacle() {
  if (location.protocol === "file:")
    return "This page was opened as a file; Python runs in it when it comes from a web server.";
  if (!isSecureContext) return "Browsers run Python in a page only over HTTPS, or from this very machine.";
  if (!("serviceWorker" in navigator))
    return "This browser, or this private window, has no service workers; Python in the page needs one.";
  if (typeof DecompressionStream === "undefined" || typeof WebAssembly !== "object" || !("Tag" in WebAssembly)) {
    return "This browser is too old to run Python in the page.";
  }
  const registering = navigator.serviceWorker.getRegistration(SITE).then(
    () => null,
    () => REFUSED,
  );
  const [refused, missing] = await Promise.all([registering, missingSource()]);
  const policy = `The Content-Security-Policy of this page’s host has no ${missing} in script-src; Python in the page needs it.`;
  return refused ?? (missing && policy);
}
