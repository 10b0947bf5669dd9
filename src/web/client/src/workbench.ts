// The workbench: conversation, draft, tests and history of one workshop, kept up to date while one looks.

import "./page";

import { mountEditor, saveDraft } from "./editor";
import { wireConversation } from "./conversation";
import { wireDivider } from "./divider";
import { listen } from "./live";
import { renew } from "./parts";
import { wireTabs } from "./tabs";
import { wireTests } from "./tests";

const draft = Number(document.getElementById("panels")?.dataset["draft"]);
const editor = document.getElementById("draft-tab");
wireTabs();
wireDivider();
wireConversation(draft);
wireTests(draft);
if (editor) mountEditor(editor);
listen(draft);

// What is committed is what stands in the editor, and what speaks against it is as new.
document.addEventListener("click", (event) => {
  const opener = event.target instanceof Element ? event.target.closest("[data-opens='commit-dialog']") : undefined;
  if (opener) void saveDraft().then(() => renew("commit"));
});
