/*
 * Before the probe, in every page of an example: what its scripts ask for at an absolute path is meant to be the example's, and
 * here no service worker leads it there.
 */
{
  const home = /.*?\/live\/tab-[0-9a-f]+\/\w+-\d+(~\d~\d)?\//.exec(location.href)?.[0] ?? "";

  /** @param {string | URL} address */
  const mapped = (address) => {
    const url = URL.canParse(address, document.baseURI) && new URL(address, document.baseURI);
    if (!url || url.host !== location.host || url.pathname.startsWith(new URL(home).pathname)) return address;
    const there = new URL(`${home}${url.pathname.slice(1)}${url.search}`);
    there.protocol = url.protocol;
    return there.href;
  };

  const all = /** @type {Record<string, any>} */ (globalThis);
  for (const name of ["EventSource", "WebSocket"]) {
    all[name] = class extends all[name] {
      /**
       * @param {string | URL} url
       * @param {any} [options]
       */
      constructor(url, options) {
        super(mapped(url), options);
      }
    };
  }

  const { fetch } = globalThis;
  globalThis.fetch = (input, init) =>
    fetch(input instanceof Request ? new Request(mapped(input.url), input) : mapped(input), init);

  const { open } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (/** @type {any[]} */ ...[method, url, ...more]) {
    open.apply(this, /** @type {any} */ ([method, mapped(url), ...more]));
  };
}
