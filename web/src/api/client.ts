import { readProblem, unreachable } from "./problem";
import type { Address, Answer, Body, Params, Rest, RouteOf } from "./routes";

type Method = "GET" | "POST" | "PUT" | "DELETE";
type Search = Record<string, string | number | boolean | null | undefined>;

let whenSignedOut: () => void = () => {};

/** Called on every 401 except those of the sign-in form itself. */
export function onSignedOut(handler: () => void): void {
  whenSignedOut = handler;
}

/** A path with its parameters; those without a value are left out. */
export function address(path: string, params: Search = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const query = search.toString();
  return query ? `${path}?${query}` : path;
}

async function request<Answered>(
  method: Method,
  url: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Answered> {
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
  if (response.status === 204) return undefined as Answered;
  return (await response.json()) as Answered;
}

/** What stands at an address, its type still unsaid: `get` knows it from the route. */
export const fetchJson = <Answered>(url: string, params?: Search, signal?: AbortSignal): Promise<Answered> =>
  request<Answered>("GET", address(url, params), undefined, signal);

export const get = <R extends RouteOf<"get">>(url: Address<R>, params?: Params<R>, signal?: AbortSignal) =>
  fetchJson<Answer<R, "get">>(url, params as Search, signal);
export const post = <R extends RouteOf<"post">>(url: Address<R>, ...body: Rest<Body<R, "post">>) =>
  request<Answer<R, "post">>("POST", url, body[0]);
export const put = <R extends RouteOf<"put">>(url: Address<R>, ...body: Rest<Body<R, "put">>) =>
  request<Answer<R, "put">>("PUT", url, body[0]);
export const remove = <R extends RouteOf<"delete">>(url: Address<R>) =>
  request<Answer<R, "delete">>("DELETE", url);

/** A question too large for an address: a POST that changes nothing, and that can be given up. */
export const ask = <R extends RouteOf<"post">>(url: Address<R>, body: Body<R, "post">, signal: AbortSignal) =>
  request<Answer<R, "post">>("POST", url, body, signal);
