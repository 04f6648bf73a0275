/**
 * A search parameter as text. The router reads `?q=42` as a number and `?q=true` as a boolean;
 * a page that asks for text wants the letters that were typed.
 */
export function searchText(value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
