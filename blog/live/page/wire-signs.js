/** What the signs and the buttons of the instrument mean: a card that its `?` opens. */

import { button, element } from "./dom.js";

/** @type {[string, [string, string][]][]} */
const SIGNS = [
  [
    "On the Wire",
    [
      [
        "0.5 s",
        "since Run, or since the recording began. A time is not repeated: what has none came with the line above.",
      ],
      ["→  ←", "a request to the server; the head of its answer. ▸ opens what is folded away."],
      ["⏎", "an empty line. It ends the event above it."],
      ["↳", "the rest of a line that came in an earlier piece."],
      ["⟨NUL⟩  ⟨BOM⟩", "characters that nobody can see, by their names."],
      [
        "▏event",
        "after a bar: what the browser made of the bytes at its left; where a script reads them, the event in them.",
      ],
      ["no listener", "an event of that type was dispatched, and the page listens to no such type."],
      ["ready state", "of the event source: CONNECTING, OPEN or CLOSED."],
      ["again in 3.0 s", "when the event source sends its request again; soon, where only the browser knows."],
      ["Reader 2", "where there are several readers: whose it is."],
      ["#6  source 2", "where several streams mingle: the sixth request of this page, its second event source."],
    ],
  ],
  [
    "Buttons",
    [
      ["Run, Stop", "start the server in this page, and end it."],
      ["Play", "plays the recording at its own pace."],
      ["Code", "shows the program. What you change in it is kept in this browser until Reset."],
      ["Copy link", "an address that carries the program as you have changed it."],
      ["Add a reader", "opens the app once more, on the same server, with the first reader’s cookies or with its own."],
      ["Announce", "tells a screen reader of events as they arrive."],
      ["Pause, Clear, Copy", "hold the Wire still, empty it, copy it as text. The server goes on."],
    ],
  ],
  [
    "The cable between page and server",
    [
      ["Cut the cable", "ends every connection; requests wait until it is mended."],
      ["Delay", "everything comes a second later."],
      ["Limit the rate", "a few bytes at a time, as on a very slow line."],
      ["Hold everything back", "as a proxy that buffers: nothing passes until there is much, or you let go."],
      ["Answer 503, 204", "the next request gets that answer, and not the server’s."],
      ["Restart the server", "ends it with all its connections, and starts it again."],
    ],
  ],
];

/** @param {HTMLElement} opener  the button beside which the card belongs */
export function explainSigns(opener) {
  const known = opener.nextElementSibling;
  const card = known instanceof HTMLElement && known.popover ? known : makeCard();
  if (card !== known) opener.after(card);
  card.showPopover();
}

function makeCard() {
  const parts = SIGNS.flatMap(([title, signs]) => [
    element("p", { class: "title" }, title),
    element("dl", {}, ...signs.flatMap(([sign, meaning]) => [element("dt", {}, sign), element("dd", {}, meaning)])),
  ]);
  const card = element("div", {
    class: "live-signs",
    popover: "auto",
    role: "dialog",
    "aria-label": "What the signs mean",
    tabindex: "-1",
  });
  card.append(
    button("Close", () => card.hidePopover(), { autofocus: true }),
    ...parts,
  );
  return card;
}
