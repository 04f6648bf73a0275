/** The admin API's answers, as its reference (`/api/openapi.json`) promises them. Instants are ISO 8601 text in UTC. */

export type * from "./types/audiences";
export type * from "./types/common";
export type * from "./types/customers";
export type * from "./types/intake";
export type * from "./types/journeys";
export type * from "./types/lifecycle";
export type * from "./types/members";
export type * from "./types/messages";
