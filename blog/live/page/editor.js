/** The code editor: CodeMirror with what a short Python program needs. It is bundled, and loaded when code is shown. */

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { HighlightStyle, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { search, searchKeymap } from "@codemirror/search";
import { EditorState, StateEffect, StateField, Transaction } from "@codemirror/state";
import {
  Decoration,
  EditorView,
  WidgetType,
  drawSelection,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { compare } from "./changed-lines.js";

/** @typedef {{line: number, message: string}} Complaint */

/** @type {import('@codemirror/state').StateEffectType<Complaint | null>} */
const complain = StateEffect.define();

/** What went wrong, after the line where it did, until the program is changed. */
const complaint = StateField.define({
  create: () => Decoration.none,
  update(shown, change) {
    const told = change.effects.find((effect) => effect.is(complain));
    if (told) return told.value ? beside(change.state, told.value) : Decoration.none;
    return change.docChanged ? Decoration.none : shown;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/**
 * @param {EditorState} state
 * @param {Complaint} told
 */
function beside(state, { line, message }) {
  const { from, to } = lineAt(state, line);
  const widget = new Message(message);
  return Decoration.set([
    Decoration.line({ class: "cm-wrong" }).range(from),
    Decoration.widget({ widget, side: 1 }).range(to),
  ]);
}

/**
 * @param {EditorState} state
 * @param {number} line  from 1; what is beyond the end is the last line
 */
function lineAt(state, line) {
  return state.doc.line(Math.min(Math.max(line, 1), state.doc.lines));
}

/**
 * Marks the lines that are not as in the original.
 * @param {string} original
 */
function changes(original) {
  const mark = (/** @type {EditorState} */ state) =>
    Decoration.set(
      compare(original, state.doc.toString()).changed.map((line) =>
        Decoration.line({ class: "cm-changed" }).range(state.doc.line(line).from),
      ),
    );
  return StateField.define({
    create: mark,
    update: (shown, change) => (change.docChanged ? mark(change.state) : shown),
    provide: (field) => EditorView.decorations.from(field),
  });
}

class Message extends WidgetType {
  /** @param {string} text */
  constructor(text) {
    super();
    this.text = text;
  }

  /** @param {Message} other */
  eq(other) {
    return other.text === this.text;
  }

  toDOM() {
    const made = document.createElement("span");
    made.className = "cm-message";
    made.textContent = this.text;
    return made;
  }
}

const colours = HighlightStyle.define([
  { tag: [tags.comment], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword], color: "var(--code-keyword)" },
  {
    tag: [tags.function(tags.definition(tags.variableName)), tags.definition(tags.className)],
    color: "var(--code-name)",
  },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
]);

/** @param {import('@codemirror/state').Transaction} transaction */
const isReaders = (transaction) => transaction.annotation(Transaction.userEvent) !== undefined;

/**
 * Put an editor into `parent`. The Tab key leaves it, as it leaves any field; Mod-Enter runs, Mod-f searches.
 * @param {HTMLElement} parent
 * @param {object} options
 * @param {string} options.source
 * @param {string} options.label
 * @param {string} options.help  the id of what tells its keys
 * @param {(byReader: boolean) => void} options.onchange
 * @param {() => void} options.onrun
 */
export function createEditor(parent, { source, label, help, onchange, onrun }) {
  const run = { key: "Mod-Enter", run: () => (onrun(), true) };
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: source,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        indentUnit.of("    "),
        ...(label.endsWith(".py") ? [python()] : []),
        syntaxHighlighting(colours),
        complaint,
        changes(source),
        EditorView.lineWrapping, // nothing is out of sight to the right
        highlightSpecialChars(), // nor invisible, such as what turns the direction of text
        search({ top: true }), // the browser's own finds only what is in sight
        keymap.of([run, ...searchKeymap, ...defaultKeymap, ...historyKeymap]),
        // It takes the focus; the tabindex says so to checkers.
        EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": help, tabindex: "0" }),
        EditorView.updateListener.of(
          ({ docChanged, transactions }) => docChanged && onchange(transactions.some(isReaders)),
        ),
      ],
    }),
  });
  return {
    get source() {
      return view.state.doc.toString();
    },
    set source(text) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    /** @param {number} line  which is brought into sight, without moving the page */
    show(line) {
      view.scrollDOM.scrollTop = view.lineBlockAt(lineAt(view.state, line).from).top;
    },
    /** @param {Complaint | null} told */
    complain(told) {
      const scroll = told ? [EditorView.scrollIntoView(lineAt(view.state, told.line).from)] : [];
      view.dispatch({ effects: [complain.of(told), ...scroll] });
    },
  };
}
