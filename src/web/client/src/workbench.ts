// The workbench: conversation, draft, tests and history of one workshop, kept up to date while one looks.

import "./page";

import { mountEditor } from "./editor";
import { wireConversation } from "./conversation";
import { wireDivider } from "./divider";
import { listen } from "./live";
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
