import { asProblem, Problem } from "@/lib/problem";
import { get, put } from "./client";
import type { Address, Answer, Body, Rest, RouteOf } from "./routes";

/**
 * Saves something new under an address made from its name, unless that address is taken: a PUT there would
 * replace what somebody else made.
 */
export async function putNew<R extends RouteOf<"get"> & RouteOf<"put">>(
  url: Address<R>,
  ...body: Rest<Body<R, "put">>
): Promise<Answer<R, "put">> {
  const taken = await get(url).then(
    () => true,
    (error: unknown) => {
      if (asProblem(error).status === 404) return false;
      throw error;
    },
  );
  if (taken) {
    const detail = "Something with this name exists already. Choose another name.";
    throw new Problem(409, "The name is taken", detail, "name_taken");
  }
  return put(url, ...body);
}
