/** What the generated `bundle.js` says: see streamside/site/bundle.py. */
export {};
declare global {
  var streamside: {
    /** Changes with every deployment that differs. */
    version: string;
    /** Plain name → path below `live/`. */
    files: Record<string, string>;
    /** Plain name → bytes to fetch, of what may be fetched to start Python. */
    sizes: Record<string, number>;
    /** `PACKAGE@VERSION/FILE` of a CDN → path below `live/`. */
    assets: Record<string, string>;
    /** What Pyodide wants to know of its build. */
    lock: Record<string, string>;
  };
}
