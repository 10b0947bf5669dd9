// The workbench.

import { mountEditor } from "./editor";

const tab = document.getElementById("draft-tab");
if (tab) mountEditor(tab);
