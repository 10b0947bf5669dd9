// What every page can do: send forms to the API, open dialogs, say what happened, copy, and renew parts of itself.

import { wireCitations } from "./citations";
import { wireCopying } from "./copy";
import { wireDialogs } from "./dialogs";
import { wireFollowing } from "./follow";
import { wireForms } from "./forms";
import { wireFresh } from "./fresh";
import { wireSessions } from "./session";
import { wireTimes } from "./times";

wireForms();
wireDialogs();
wireTimes(document);
wireCopying();
wireCitations();
wireFollowing();
wireFresh();
wireSessions();
