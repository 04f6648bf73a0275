export type FieldError = { pointer: string; detail: string };

/** A request the API refused (RFC 9457), or one that never got an answer (`status` 0). */
export class Problem extends Error {
  override name = "Problem";

  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly code: string,
    readonly errors: FieldError[] = [],
    /** Seconds to wait before another try, when the API said so. */
    readonly retryAfter: number | null = null,
    /** Where in a text it is wrong, counted from 1, when the API said so. */
    readonly place: { line: number; column: number } | null = null,
  ) {
    super(detail || title);
  }

  /** What is wrong with one field of the body, by its JSON pointer ("/email"), or by its bare name. */
  field(name: string): string | undefined {
    return this.errors.find((error) => error.pointer.replace(/^[#/]+/, "") === name.replace(/^[#/]+/, ""))
      ?.detail;
  }
}

/** Any thrown value as a problem, so that screens show one thing only. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new Problem(-1, "Something broke on this page", detail, "page");
}
