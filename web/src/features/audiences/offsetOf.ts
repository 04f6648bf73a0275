/** Where a line and a column, both counted from 1, are in a text. Columns count characters, as the API does. */
export function offsetOf(text: string, { line, column }: { line: number; column: number }): number {
  const lines = text.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const characters = [...(lines[line - 1] ?? "")].slice(0, Math.max(0, column - 1));
  return Math.min(text.length, before + characters.join("").length);
}
