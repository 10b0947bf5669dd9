// What every page can do: send forms to the API, open dialogs, say what happened, and renew parts of itself.

import { wireCitations } from "./citations";
import { wireCopying } from "./copy";
import { wireDialogs } from "./dialogs";
import { wireFollowing } from "./follow";
import { wireForms } from "./forms";
import { wireSessions } from "./session";
import { wireTimes } from "./times";

wireForms();
wireDialogs();
wireTimes(document);
wireCitations();
wireFollowing();
wireCopying();
wireSessions();
