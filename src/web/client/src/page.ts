// What every page can do: send forms to the API, open dialogs, say what happened, copy, and renew parts of itself.

import { wireCopies } from "./copy";
import { wireDialogs } from "./dialogs";
import { wireForms } from "./forms";
import { wireFresh } from "./fresh";
import { wireTimes } from "./times";

document.documentElement.classList.add("js");
wireForms();
wireDialogs();
wireCopies();
wireTimes(document);
wireFresh();
