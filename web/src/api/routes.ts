/** What the API's description says of a route: which verbs it has, what they take and what they answer. */
import type { paths } from "./schema";
import type { List } from "./types";

export type Verb = "get" | "post" | "put" | "delete";
type Route = keyof paths;

/** The routes that have this verb. */
export type RouteOf<V extends Verb> = {
  [R in Route]: paths[R] extends Record<V, unknown> ? R : never;
}[Route];

type Operation<R, V extends Verb> = R extends Route
  ? paths[R] extends Record<V, infer Found>
    ? Found
    : never
  : never;
type Json<Content> = Content extends { content: { "application/json": infer Body } } ? Body : undefined;

export type Answer<R, V extends Verb> =
  Operation<R, V> extends { responses: infer Responses }
    ? Json<Responses[keyof Responses & (200 | 201 | 202 | 204)]>
    : never;

export type Body<R, V extends Verb> =
  Operation<R, V> extends { requestBody: infer Request } ? Json<Request> : undefined;

/** The body as the verb's further arguments: none for a verb that takes none. */
export type Rest<Given> = [Given] extends [undefined] ? [] : [body: Given];

/** The query parameters. Those without a value are left out of the address. */
export type Params<R> =
  Operation<R, "get"> extends { parameters: { query?: infer Query } }
    ? { [Name in keyof NonNullable<Query>]: NonNullable<Query>[Name] | null }
    : never;

/** The routes that answer with pages of a list, and what is listed. */
export type ListRoute = {
  [R in RouteOf<"get">]: Answer<R, "get"> extends List<unknown> ? R : never;
}[RouteOf<"get">];
export type Item<R extends ListRoute> = Answer<R, "get">["items"][number];

declare const route: unique symbol;

/** A route with its placeholders filled in. It knows what it leads to. */
export type Filled<R extends Route> = string & { readonly [route]: R };
/** Where a verb goes: a filled route, or one in which nothing is to be filled in. */
export type Address<R extends Route> = (R & Bare<R>) | Filled<R>;
type Bare<R> = R extends `${string}{${string}` ? never : R;

type Values<R extends string> = R extends `${string}{${string}}${infer Rest}`
  ? [value: string, ...Values<Rest>]
  : [];

/** A route with its placeholders filled in order, each percent-encoded: ids and slugs come from data. */
export function path<R extends Route>(template: R, ...values: Values<R>): Filled<R> {
  const rest: string[] = [...values];
  return template.replace(/\{\w+\}/g, () => encodeURIComponent(rest.shift() ?? "")) as Filled<R>;
}
