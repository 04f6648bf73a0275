export type Rejection = {
  id: string;
  at: string;
  code: string;
  reason: string;
  pointer: string | null;
  body: unknown;
};
export type Import = {
  id: string;
  file: string;
  kind: string;
  state: string;
  rows: number | null;
  accepted: number;
  rejected: number;
  started_at: string;
  finished_at: string | null;
};
