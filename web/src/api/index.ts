export { address, get, onSignedOut, type Params, path, post, put, remove } from "./client";
export { asProblem, type FieldError, Problem } from "./problem";
export { makeQueryClient, useList, useResource } from "./query";
export type * from "./types";
