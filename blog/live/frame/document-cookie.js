/**
 * `document.cookie` of an example's page: the cookies of its own server, of which the browser knows nothing.
 *
 * The page comes with a copy of them, and is told of each change before the answer that makes it. What a script sets goes to
 * the server twice, numbered: by a request, for requests reach the service worker in the order in which they are made, and by
 * a message, which a page that is about to be left does not take along.
 */
import { Cookies, parsed } from "./cookies.js";

const fetch = globalThis.fetch.bind(globalThis); // whatever the page makes of it
const home = /.*?\/live\/tab-[0-9a-f]+\/\w+-\d+(~\d~\d)?(?=\/)/.exec(location.href)?.[0] ?? "";
const kept = new Cookies(JSON.parse(decodeURIComponent(document.currentScript?.dataset.cookies ?? "%5B%5D")));
const life = Math.random().toString(36).slice(2, 10);
let count = 0;
const seconds = () => Date.now() / 1000;
const path = () => location.href.slice(home.length).replace(/[?#].*/, "");

Object.defineProperty(Document.prototype, "cookie", {
  configurable: true,
  enumerable: true,
  get: () => kept.shown(path(), seconds()),
  set(text) {
    const cookie = parsed(String(text), location.hostname, path(), seconds());
    if (!cookie || !kept.put(cookie, seconds())) return;
    const said = encodeURIComponent(JSON.stringify([life, ++count, ...cookie]));
    const address = `${home}/?streamside-cookie=${said}`;
    fetch(address, { cache: "no-store" }).catch(() => {}); // the page is left
    navigator.serviceWorker.controller?.postMessage({ kind: "cookie", address });
  },
});

Reflect.deleteProperty(globalThis, "cookieStore"); // it knows the browser's own, which are nobody's here

navigator.serviceWorker.addEventListener("message", ({ data, ports: [answer] }) => {
  if (data.kind === "cookies") kept.all = data.cookies;
  else if (data.kind === "cookie") kept.put(data.cookie, seconds());
  answer?.postMessage("heard");
});
navigator.serviceWorker.startMessages();
