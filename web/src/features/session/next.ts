/** Where to go after signing in: an address of this app, never another site's. */
export function insideAddress(next: string | undefined): string {
  if (!next) return "/";
  const base = "http://inside.invalid";
  try {
    const url = new URL(next, base);
    return next.startsWith("/") && url.origin === base ? url.pathname + url.search + url.hash : "/";
  } catch {
    return "/";
  }
}
