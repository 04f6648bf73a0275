export { asProblem, type FieldError, Problem } from "@/lib/problem";
export { address, get, onSignedOut, post, put, remove } from "./client";
export { putNew } from "./create";
export { type ListQuery, makeQueryClient, useList, useResource } from "./query";
export { path } from "./routes";
export { useSession, useSessionVerbs } from "./session";
export type * from "./types";
