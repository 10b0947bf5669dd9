// The Draft tab: an editor in the place of the text, which saves by itself and meets what others write.
//
// It hears `workshop:draft` ({ revision, status }) and `workshop:hello` (events may have been lost) on the document.
// Forms and buttons with `data-after-save` wait until what is typed is saved.

import { Shelf, type Kept } from "./editor-kept";
import { Remote } from "./editor-remote";
import { preview, renewFacts, renewRevisions, wireRevisions, showRevisions } from "./editor-revisions";
import { Sync, type Conflict, type State } from "./editor-sync";
import { counted, problem, size, strain } from "./editor-text";
import { Editor } from "./editor-view";
import { conflictNotice, notice, words } from "./editor-words";
import { say } from "./toast";

/** A save that takes longer than this is shown as going on. */
const UNNOTICED = 400;

let tab: DraftTab | undefined;

/** Puts the editor into the Draft tab; once. */
export function mountEditor(root: HTMLElement): void {
  tab ??= new DraftTab(root);
}

/** Saves what is typed; false when that could not be done, which is shown at the editor. */
export async function saveDraft(): Promise<boolean> {
  return (await tab?.sync.save()) ?? true;
}

class DraftTab {
  readonly sync: Sync;
  private readonly editor: Editor;
  private readonly remote: Remote;
  private readonly shelf: Shelf;
  private readonly draft: string;
  private readonly most: number;
  private saving = 0;
  private status: string | undefined;

  constructor(private readonly root: HTMLElement) {
    const data = root.dataset;
    this.draft = data["draft"] ?? "";
    this.most = Number(data["most"]);
    const text = document.getElementById("draft-text")?.textContent ?? "";
    const revision = Number(data["revision"]);
    this.shelf = new Shelf(`workshop:${this.draft}:${data["person"] ?? ""}:`);
    this.remote = new Remote(this.draft, (status) => this.heardStatus(status));
    const ears = { changed: () => this.changed(), left: () => this.leftEditor() };
    this.editor = new Editor(element("draft-editor"), text, data["hold"], ears);
    this.sync = this.makeSync({ text: this.editor.text(), revision });
    this.status = document.getElementById("draft-facts")?.dataset["status"];
    this.count();
    this.show({ kind: "saved", revision });
    this.wire();
    wireRevisions(root, this.draft, (number) => void this.use(number));
    // The page may be older than the draft.
    void this.sync.look();
    this.shelf.offer((key, kept) => this.offerKept(key, kept));
  }

  private makeSync(base: { text: string; revision: number }): Sync {
    const { editor, remote, shelf } = this;
    return new Sync(
      {
        text: () => editor.text(),
        apply: (text, how) => editor.apply(text, how),
        put: (text, revision) => remote.put(text, revision),
        putLeaving: (text, revision) => remote.putLeaving(text, revision),
        read: () => remote.read(),
        author: (revision) => remote.author(revision),
        problem: (text) => problem(text, this.most),
        keep: (text, on) => shelf.keep(text, on),
        forget: () => shelf.forget(),
        show: (state) => this.show(state),
        merged: (by, lines) => this.tell(`${by} changed ${lines} meanwhile: both changes are kept.`),
        ask: (conflict) => this.ask(conflict),
        later: (milliseconds, what) => {
          const timer = window.setTimeout(what, milliseconds);
          return () => window.clearTimeout(timer);
        },
      },
      base,
    );
  }

  private wire(): void {
    this.root.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      void this.sync.save();
    });
    document.addEventListener("workshop:draft", (event) => {
      const { revision, status } = (event as CustomEvent<{ revision: number; status: string }>).detail;
      void this.sync.heard(revision).then(renewRevisions);
      if (status !== this.status) this.heardStatus(status);
      else void renewFacts();
    });
    const look = (): void => void this.sync.look();
    document.addEventListener("workshop:hello", look);
    window.addEventListener("online", () => void this.sync.save());
    window.addEventListener("pageshow", (event) => event.persisted && look());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.leftEditor();
      else look();
    });
    window.addEventListener("pagehide", () => this.sync.leave());
    window.addEventListener("beforeunload", (event) => {
      if (this.sync.unsaved) event.preventDefault();
    });
    element("draft-write").addEventListener("click", () => this.look(false));
    element("draft-look").addEventListener("click", () => void this.look(true));
    for (const kind of ["click", "submit"]) document.addEventListener(kind, (event) => this.saveFirst(event), true);
    document.addEventListener("parts:renewed", () => this.hold());
  }

  /** Holds up what needs the text saved until it is. */
  private saveFirst(event: Event): void {
    const target = event.target instanceof Element ? event.target : undefined;
    const source = target?.closest<HTMLElement>(event.type === "submit" ? "form[data-after-save]" : "button[data-after-save]");
    if (!source || !this.sync.unsaved) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const submitter = event instanceof SubmitEvent ? event.submitter : null;
    void this.sync.save().then((saved) => {
      if (!saved) say("The draft is not saved yet, so nothing was done. See what is said above the text.", "bad");
      else if (source instanceof HTMLFormElement) source.requestSubmit(submitter);
      else source.click();
    });
  }

  private changed(): void {
    // While the editor is made there is nothing to save yet.
    if (!this.sync) return;
    this.count();
    this.sync.edited();
  }

  private leftEditor(): void {
    if (this.sync.unsaved) void this.sync.save();
  }

  private count(): void {
    const text = this.editor.text();
    const now = size(text);
    const line = element("draft-count");
    line.textContent = counted(now, this.most);
    line.dataset["strain"] = strain(now.characters, this.most);
  }

  private show(state: State): void {
    window.clearTimeout(this.saving);
    if (state.kind === "saving") {
      this.saving = window.setTimeout(() => this.write(state), UNNOTICED);
      return;
    }
    this.write(state);
    if (state.kind === "saved" || state.kind === "renewed") this.renewed(state.revision);
  }

  private write(state: State): void {
    const { text, grade } = words(state);
    const line = element("draft-state");
    if (line.textContent !== text) line.textContent = text;
    line.dataset["state"] = state.kind;
    line.dataset["grade"] = grade;
  }

  /** The list is renewed where it does not end with the revision. */
  private renewed(revision: number): void {
    const listed = Number(document.getElementById("draft-revisions")?.dataset["current"]);
    if (listed !== revision) void renewRevisions();
    if (this.root.classList.contains("previewing")) void preview(this.draft, this.editor.text());
  }

  private heardStatus(status: string): void {
    if (status === this.status) return;
    this.status = status;
    void renewFacts();
  }

  /** Whether one may write is told by the facts. */
  private hold(): void {
    const { status, hold } = document.getElementById("draft-facts")?.dataset ?? {};
    this.status = status;
    this.editor.hold(hold);
  }

  private tell(sentence: string): void {
    this.put("merged", notice("good", [sentence], [{ label: "Good", press: () => this.editor.view.focus() }]));
  }

  private ask(conflict: Conflict | undefined): void {
    this.editor.compare(conflict?.theirs.text);
    if (!conflict) return;
    void this.look(false);
    const decide = (how: "merged" | "mine" | "theirs"): void => {
      void this.sync.decide(how);
      this.editor.view.focus();
    };
    this.put("conflict", conflictNotice(conflict, decide));
  }

  /** Puts a notice above the text, in place of the last one about the same. */
  private put(about: string, box: HTMLElement): void {
    const place = element("draft-notice");
    box.dataset["about"] = about;
    place.querySelector(`[data-about="${about}"]`)?.remove();
    place.prepend(box);
  }

  private async look(asPreview: boolean): Promise<void> {
    if (asPreview && !(await preview(this.draft, this.editor.text()))) return;
    this.root.classList.toggle("previewing", asPreview);
    element("draft-write").setAttribute("aria-pressed", String(!asPreview));
    element("draft-look").setAttribute("aria-pressed", String(asPreview));
  }

  private async use(revision: number): Promise<void> {
    if (!(await this.sync.save())) return;
    const made = await this.remote.use(revision);
    if (typeof made === "string") {
      say(made, "bad");
      return;
    }
    await this.sync.heard(made);
    await showRevisions(this.draft, "");
    const sentence = `The text of revision ${revision} is the draft again`;
    say(made === revision ? `${sentence}.` : `${sentence}, as revision ${made}.`);
  }

  /** Asks whether to take up a text that was not saved when its page went away; done when that is decided. */
  private async offerKept(key: string, kept: Kept): Promise<void> {
    // It may have arrived since this page was rendered.
    await this.sync.look();
    if (kept.text === this.editor.text()) {
      this.shelf.remove(key);
      return;
    }
    const at = new Date(kept.at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    const sentence = `Unsaved text from ${at} was found, written on revision ${kept.revision}.`;
    const restore = await new Promise<boolean>((decide) => {
      const buttons = [
        { label: "Restore it", primary: true, press: () => decide(true) },
        { label: "Discard it", press: () => decide(false) },
      ];
      this.put("kept", notice("warn", [sentence], buttons));
    });
    this.editor.view.focus();
    if (restore) await this.sync.restore(kept.text, kept.base);
    this.shelf.remove(key);
  }
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element ${id}`);
  return found;
}
