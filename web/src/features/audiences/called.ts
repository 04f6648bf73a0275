/** What to call a customer: of a stranger nothing is known but the id, whose end tells strangers apart. */
export const called = ({ id, name, email }: { id: string; name: string | null; email: string | null }) =>
  name || email || `Visitor ${id.slice(-6)}`;
