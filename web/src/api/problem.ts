import { type FieldError, Problem } from "@/lib/problem";

const TITLES: Record<number, string> = {
  0: "No answer from the server",
  400: "Not accepted",
  401: "You are signed out",
  403: "Not allowed",
  404: "Not found",
  409: "Not possible as things are",
  413: "Too large",
  422: "Not accepted",
  429: "Too many requests",
  503: "Not ready yet",
};

// Titles that only repeat the status in HTTP's own words say nothing to a person.
const PHRASES = new Set([
  "Bad Request",
  "Unauthorized",
  "Forbidden",
  "Not Found",
  "Conflict",
  "Content Too Large",
  "Unprocessable Content",
  "Unprocessable Entity",
  "Too Many Requests",
  "Internal Server Error",
  "Service Unavailable",
]);

type Body = {
  title?: unknown;
  detail?: unknown;
  code?: unknown;
  errors?: unknown;
  line?: unknown;
  column?: unknown;
};

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function fieldErrors(value: unknown): FieldError[] {
  if (!Array.isArray(value)) return [];
  return value.map((error: { pointer?: unknown; detail?: unknown }) => ({
    pointer: text(error?.pointer),
    detail: text(error?.detail),
  }));
}

/** Reads a refusal; one that is not a problem document (a proxy's page, say) becomes one by its status. */
export async function readProblem(response: Response): Promise<Problem> {
  const wait = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  const fallback = TITLES[response.status] ?? (response.status >= 500 ? "The server failed" : "Refused");
  const isProblem = (response.headers.get("content-type") ?? "").includes("json");
  const read = isProblem ? ((await response.json().catch(() => null)) as Body | null) : null;
  const body = read !== null && typeof read === "object" ? read : {};
  return new Problem(
    response.status,
    PHRASES.has(text(body.title)) ? fallback : text(body.title) || fallback,
    text(body.detail),
    text(body.code) || String(response.status),
    fieldErrors(body.errors),
    Number.isNaN(wait) ? null : wait,
    typeof body.line === "number" && typeof body.column === "number"
      ? { line: body.line, column: body.column }
      : null,
  );
}

export function unreachable(): Problem {
  return new Problem(
    0,
    TITLES[0] ?? "",
    "Check that Regulars is running and that you are online.",
    "unreachable",
  );
}
