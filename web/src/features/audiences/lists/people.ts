import type { Person } from "@/api";

/** The most the API takes in one request. */
export const people_max = 1_000;

export type Kind = "email" | "user_id" | "anonymous_id" | "id";

export const KINDS: { value: Kind; label: string }[] = [
  { value: "email", label: "E-mail addresses" },
  { value: "user_id", label: "User ids" },
  { value: "anonymous_id", label: "Anonymous ids" },
  { value: "id", label: "Customer ids (cus_…)" },
];

/** A table as pasted or read from a file, its rows split into cells. */
export interface Table {
  rows: string[][];
  /** The names of the columns, if the first row looks like names rather than like people. */
  head: string[] | null;
}

const SEPARATORS = [",", ";", "\t"];

/** Splits lines by the separator that the first line uses most; a quoted cell may hold anything, also line breaks. */
export function readTable(text: string): Table {
  const clean = text.replace(/^\uFEFF/, "");
  const first = clean.split(/\r?\n/, 1)[0] ?? "";
  const uses = (mark: string) => first.split(mark).length;
  const separator = SEPARATORS.reduce((best, mark) => (uses(mark) > uses(best) ? mark : best), ",");
  const rows = cells(clean, separator).filter((row) => row.some((cell) => cell !== ""));
  const names = rows[0] ?? [];
  const known = new Set([
    "email",
    "e-mail",
    "mail",
    "user_id",
    "userid",
    "anonymous_id",
    "id",
    "customer_id",
  ]);
  const named = names.some((name) => known.has(name.toLowerCase().replaceAll(" ", "_")));
  return named ? { rows: rows.slice(1), head: names } : { rows, head: null };
}

function cells(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  const endCell = () => {
    row.push(cell.trim());
    cell = "";
  };
  for (let at = 0; at < text.length; at++) {
    const mark = text[at] as string;
    if (quoted) {
      if (mark !== '"') cell += mark;
      else if (text[at + 1] === '"') cell += text[++at];
      else quoted = false;
    } else if (mark === '"' && cell.trim() === "") {
      cell = "";
      quoted = true;
    } else if (mark === separator) endCell();
    else if (mark === "\n") {
      endCell();
      rows.push(row);
      row = [];
    } else if (mark !== "\r") cell += mark;
  }
  endCell();
  return [...rows, row];
}

/** Which column most likely names people, and by what: seen from its name, else from what it holds. */
export function guess({ rows, head }: Table): { column: number; kind: Kind } {
  const names = (head ?? []).map((name) => name.toLowerCase().replaceAll(" ", "_"));
  const named = (...of: string[]) => names.findIndex((name) => of.includes(name));
  const byName: [number, Kind][] = [
    [named("email", "e-mail", "mail"), "email"],
    [named("user_id", "userid"), "user_id"],
    [named("anonymous_id"), "anonymous_id"],
    [named("id", "customer_id"), "id"],
  ];
  const found = byName.find(([column]) => column >= 0);
  const holds = (column: number, test: RegExp) => rows.length > 0 && test.test(rows[0]?.[column] ?? "");
  if (found) {
    const [column, kind] = found;
    return { column, kind: kind === "id" && !holds(column, /^cus_/) ? "user_id" : kind };
  }
  const columns = (rows[0] ?? []).map((_, column) => column);
  const mail = columns.find((column) => holds(column, /^[^\s@]+@[^\s@]+$/));
  if (mail !== undefined) return { column: mail, kind: "email" };
  return { column: 0, kind: holds(0, /^cus_/) ? "id" : "user_id" };
}

/** Those a column names, each once, in requests the API can take. */
export function peopleOf({ rows }: Table, column: number, kind: Kind): Person[] {
  const values = new Set(rows.map((row) => row[column] ?? "").filter((value) => value !== ""));
  return [...values].map((value) => ({ [kind]: value }));
}

export function inPortions<Item>(items: readonly Item[], size = people_max): Item[][] {
  const portions: Item[][] = [];
  for (let at = 0; at < items.length; at += size) portions.push(items.slice(at, at + size));
  return portions;
}
