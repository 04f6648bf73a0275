export type List<Item> = { items: Item[]; next: string | null };
export type Named = { slug: string; name: string };
export type RuleTree = { [key: string]: unknown };
