// Requests to the API of this service, as the person who is signed in.

/** Why a request was refused: problem details as of RFC 9457. */
export interface Problem {
  type: string;
  status: number;
  detail: string;
  errors?: { field: string; reason: string }[];
  [more: string]: unknown;
}

export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

export interface Answer {
  status: number;
  body: unknown;
  headers: Headers;
}

/** Sends JSON; throws `Refused` with a sentence for people when that fails, also when nobody answers. */
export async function send(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const request: RequestInit = { method, headers: { ...headers } };
  if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers = { "Content-Type": "application/json", ...headers };
  }
  let response: Response;
  try {
    response = await fetch(path, request);
  } catch {
    throw new Refused({ type: "offline", status: 0, detail: "The service cannot be reached. Nothing was sent; try again." });
  }
  const text = await response.text();
  const parsed = parse(text);
  if (!response.ok) {
    const detail = `The service answered ${response.status}. Try again.`;
    throw new Refused({ type: "unknown", status: response.status, detail, ...(parsed as Partial<Problem> | undefined) });
  }
  return { status: response.status, body: parsed, headers: response.headers };
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
