// The editor itself: CodeMirror with Markdown, in the colours of the page.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { markdownKeymap, markdownLanguage } from "@codemirror/lang-markdown";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { unifiedMergeView } from "@codemirror/merge";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, StateEffect, StateField, Transaction, type Extension } from "@codemirror/state";
import {
  Decoration,
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  placeholder,
  type DecorationSet,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { adoptStyles } from "./editor-style";
import { replacements } from "./merge3";

const colours = HighlightStyle.define([
  { tag: tags.heading, color: "var(--accent-strong)", fontWeight: "700" },
  { tag: tags.strong, fontWeight: "700" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strikethrough, textDecoration: "line-through" },
  { tag: [tags.link, tags.url], color: "var(--info)" },
  { tag: tags.monospace, color: "var(--warn)" },
  { tag: tags.quote, color: "var(--muted)" },
  { tag: [tags.processingInstruction, tags.contentSeparator], color: "var(--accent)" },
  { tag: [tags.meta, tags.comment], color: "var(--muted)" },
]);

/** Lines to point out for a moment; none takes the mark away. */
const pointOut = StateEffect.define<number[]>();

const pointedOut = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let now = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(pointOut)) continue;
      const lines = effect.value.filter((line) => line <= transaction.state.doc.lines);
      const mark = Decoration.line({ class: "cm-theirs" });
      now = Decoration.set(lines.map((line) => mark.range(transaction.state.doc.line(line).from)));
    }
    return now;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const POINTED_OUT_FOR = 5_000;

/** What surrounds the editor hears. */
export interface Ears {
  changed(): void;
  left(): void;
}

export class Editor {
  readonly view: EditorView;
  private readonly access = new Compartment();
  private readonly comparison = new Compartment();
  private held: string | undefined;

  constructor(parent: HTMLElement, text: string, hold: string | undefined, ears: Ears) {
    adoptStyles();
    this.held = hold;
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text,
        extensions: [
          look(),
          this.access.of(access(hold)),
          this.comparison.of([]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) ears.changed();
          }),
          EditorView.domEventHandlers({ blur: () => ears.left() }),
        ],
      }),
    });
  }

  text(): string {
    return this.view.state.doc.toString();
  }

  /** Puts a text in place of the one there; what both have stays untouched, so that cursor and scrolling stay, too. */
  apply(text: string, how: { theirLines: number[]; undoable: boolean }): void {
    this.view.dispatch({
      changes: replacements(this.text(), text),
      annotations: [Transaction.addToHistory.of(how.undoable), Transaction.remote.of(!how.undoable)],
      effects: how.theirLines.length > 0 ? [pointOut.of(how.theirLines)] : [],
    });
    if (how.theirLines.length > 0) {
      window.setTimeout(() => this.view.dispatch({ effects: pointOut.of([]) }), POINTED_OUT_FOR);
    }
  }

  /** Lets the person write, or says why they cannot. */
  hold(reason: string | undefined): void {
    if (reason === this.held) return;
    this.held = reason;
    this.view.dispatch({ effects: this.access.reconfigure(access(reason)) });
  }

  /** Shows how the text differs from another, each change to decide; or shows it alone again. */
  compare(other: string | undefined): void {
    const shown = other === undefined ? [] : comparison(other);
    this.view.dispatch({ effects: this.comparison.reconfigure(shown) });
  }
}

function look(): Extension {
  return [
    lineNumbers(),
    highlightSpecialChars(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    drawSelection(),
    history(),
    search({ top: true }),
    highlightSelectionMatches(),
    EditorView.lineWrapping,
    markdownLanguage,
    syntaxHighlighting(colours),
    pointedOut,
    placeholder("Write the prompt here, or say in the conversation what you need."),
    // The tab key is left to the browser: it moves on, as everywhere on the page.
    keymap.of([...markdownKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
    EditorView.contentAttributes.of({ spellcheck: "true", autocapitalize: "sentences", "aria-describedby": "draft-state" }),
  ];
}

function access(hold: string | undefined): Extension {
  return [
    EditorState.readOnly.of(hold !== undefined),
    EditorView.contentAttributes.of({
      "aria-label": hold === undefined ? "Text of the draft" : "Text of the draft, to read only",
      "aria-readonly": String(hold !== undefined),
    }),
  ];
}

function comparison(theirs: string): Extension {
  return unifiedMergeView({
    original: theirs,
    highlightChanges: true,
    gutter: true,
    syntaxHighlightDeletions: false,
    mergeControls: (type, action) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "small";
      button.textContent = type === "accept" ? "Keep mine here" : "Take theirs here";
      button.addEventListener("click", (event) => action(event));
      button.addEventListener("mousedown", (event) => event.preventDefault());
      return button;
    },
  });
}
