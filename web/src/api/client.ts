import { readProblem, unreachable } from "./problem";

type Method = "GET" | "POST" | "PUT" | "DELETE";
export type Params = Record<string, string | number | boolean | null | undefined>;

let whenSignedOut: () => void = () => {};

/** Called on every 401 except those of the sign-in form itself. */
export function onSignedOut(handler: () => void): void {
  whenSignedOut = handler;
}

/** A path with its parameters; those without a value are left out. */
export function address(path: string, params: Params = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const query = search.toString();
  return query ? `${path}?${query}` : path;
}

/** Joins path segments, each percent-encoded: ids and slugs come from data. */
export function path(...segments: string[]): string {
  return `/api/${segments.map(encodeURIComponent).join("/")}`;
}

async function request<Answer>(
  method: Method,
  url: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Answer> {
  // The server wants this header on every unsafe request that comes with a cookie: other sites cannot set it.
  const headers: Record<string, string> = { Accept: "application/json", "X-Regulars-Request": "1" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      credentials: "same-origin",
      signal: signal ?? null,
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable();
  }
  if (!response.ok) {
    const problem = await readProblem(response);
    if (problem.status === 401 && !(url === "/api/session" && method === "POST")) whenSignedOut();
    throw problem;
  }
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}

export const get = <Answer>(url: string, params?: Params, signal?: AbortSignal): Promise<Answer> =>
  request<Answer>("GET", address(url, params), undefined, signal);
export const post = <Answer>(url: string, body?: unknown): Promise<Answer> =>
  request<Answer>("POST", url, body);
export const put = <Answer>(url: string, body?: unknown): Promise<Answer> =>
  request<Answer>("PUT", url, body);
export const remove = <Answer = void>(url: string): Promise<Answer> => request<Answer>("DELETE", url);
