/** What generated scripts say: `bundle.js` (streamside/site/bundle.py), the service worker's table (streamside/site/deployment.py). */
export {};
declare global {
  var streamside: {
    /** Plain name → path below `live/`; its file's name begins with the SHA-256 of its bytes. */
    files: Record<string, string>;
    /** Plain name → bytes to fetch, of what may be fetched to start Python. */
    sizes: Record<string, number>;
    /** Bytes of memory that the snapshot is of. */
    memory: number;
    /** What Pyodide wants to know of its build. */
    lock: Record<string, string>;
    /** Examples of one file that have packages of their own. */
    apart: string[];
  };
  /** All files of the site: path from its root → SHA-256, in hexadecimal digits. */
  var deployment: Record<string, string>;
}
