import { useQuery, useQueryClient } from "@tanstack/react-query";
import { get, post, remove } from "./client";
import { path } from "./routes";
import type { Session } from "./types";

const KEY = ["/api/session"];

/** Who is signed in. The shell shows nothing before it knows. */
export const useSession = () =>
  useQuery<Session, Error>({
    queryKey: KEY,
    queryFn: ({ signal }) => get("/api/session", undefined, signal),
    staleTime: 60_000,
  });

/** The three ways a session begins or ends; nothing one member has loaded is left for the next. */
export function useSessionVerbs() {
  const client = useQueryClient();
  const begin = (session: Session) => {
    client.clear();
    client.setQueryData(KEY, session);
  };
  return {
    signIn: async (email: string, password: string) => begin(await post("/api/session", { email, password })),
    setUp: async (token: string, owner: { name: string; email: string; password: string }) =>
      begin(await post(path("/api/setup/{token}", token), owner)),
    signOut: async () => {
      await remove("/api/session");
      client.clear();
    },
  };
}
