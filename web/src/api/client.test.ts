import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Problem } from "@/lib/problem";
import { address, get, onSignedOut, post, remove } from "./client";
import { path } from "./routes";

const answer = vi.fn<typeof fetch>();

beforeEach(() => {
  answer.mockReset();
  vi.stubGlobal("fetch", answer);
});

afterEach(() => {
  vi.unstubAllGlobals();
  onSignedOut(() => {});
});

function refuses(status: number, body: unknown, headers: Record<string, string> = {}) {
  const type = { "Content-Type": "application/problem+json", ...headers };
  answer.mockResolvedValue(
    new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers: type }),
  );
}

const caught = async (request: Promise<unknown>): Promise<Problem> => {
  const error = await request.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Problem);
  return error as Problem;
};

test("a refusal carries its words and the fields it names", async () => {
  refuses(400, {
    title: "Not accepted",
    status: 400,
    detail: "The rule cannot be read.",
    code: "malformed",
    errors: [{ pointer: "/rule", detail: "Expected a condition." }],
  });
  const problem = await caught(post("/api/audiences/preview", { rule: "" }));
  expect(problem).toMatchObject({ status: 400, title: "Not accepted", code: "malformed" });
  expect(problem.message).toBe("The rule cannot be read.");
  expect(problem.field("rule")).toBe("Expected a condition.");
  expect(problem.field("name")).toBeUndefined();
});

test("a busy server says how long to wait", async () => {
  refuses(429, { title: "Too many tries", detail: "" }, { "Retry-After": "30" });
  expect((await caught(get("/api/session"))).retryAfter).toBe(30);
});

test.each([
  ["a proxy's page", "<html>Bad gateway</html>", { "Content-Type": "text/html" }],
  ["JSON cut short", '{"title": "Bro', {}],
  ["JSON that is no object", "null", {}],
])("%s becomes a problem by its status", async (_, body, headers) => {
  refuses(502, body, headers);
  expect(await caught(get("/api/lifecycle"))).toMatchObject({ status: 502, title: "The server failed" });
});

test("a title in HTTP's own words gives way to one for people", async () => {
  refuses(422, { title: "Unprocessable Content", detail: "The name is empty." });
  expect(await caught(post("/api/keys", { kind: "write", name: "" }))).toMatchObject({
    title: "Not accepted",
    detail: "The name is empty.",
  });
});

test("no answer at all is a problem of its own", async () => {
  answer.mockRejectedValue(new TypeError("Failed to fetch"));
  expect(await caught(get("/api/lifecycle"))).toMatchObject({ status: 0, code: "unreachable" });
});

test("being signed out is announced, a wrong password is not", async () => {
  const signedOut = vi.fn();
  onSignedOut(signedOut);
  refuses(401, { title: "Wrong e-mail or password" });
  await caught(post("/api/session", { email: "a@b.example", password: "x" }));
  expect(signedOut).not.toHaveBeenCalled();
  refuses(401, { title: "You are signed out" });
  await caught(get("/api/customers"));
  expect(signedOut).toHaveBeenCalledOnce();
});

test("every request carries the header that other sites cannot send", async () => {
  answer.mockResolvedValue(new Response(null, { status: 204 }));
  expect(await remove(path("/api/keys/{key_id}", "key_1"))).toBeUndefined();
  const [, sent] = answer.mock.calls[0] ?? [];
  expect(new Headers(sent?.headers).get("X-Regulars-Request")).toBe("1");
  expect(sent?.credentials).toBe("same-origin");
});

test("addresses leave out what has no value and encode what comes from data", () => {
  expect(address("/api/customers", { q: "a&b", stage: undefined, after: null, limit: 20 })).toBe(
    "/api/customers?q=a%26b&limit=20",
  );
  expect(path("/api/audiences/{slug}", "a/../b")).toBe("/api/audiences/a%2F..%2Fb");
});
