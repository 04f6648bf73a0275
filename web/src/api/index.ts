export { asProblem, type FieldError, Problem } from "@/lib/problem";
export { address, get, onSignedOut, type Params, path, post, put, remove } from "./client";
export { putNew } from "./create";
export { makeQueryClient, useList, useResource } from "./query";
export { useSession, useSessionVerbs } from "./session";
export type * from "./types";
