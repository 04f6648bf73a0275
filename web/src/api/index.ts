export { asProblem, type FieldError, Problem } from "@/lib/problem";
export { address, ask, get, onSignedOut, post, put, remove } from "./client";
export { putNew } from "./create";
export { type ListQuery, makeQueryClient, useList, useResource } from "./query";
export { path } from "./routes";
export { useSession, useSessionVerbs } from "./session";
export { useSuggest } from "./suggest";
export type * from "./types";
