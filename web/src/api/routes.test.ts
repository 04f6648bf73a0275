import { expect, test } from "vitest";
import { get, post, put, remove } from "./client";
import { path } from "./routes";

test("placeholders are filled in order, each percent-encoded", () => {
  expect(path("/api/customers/{customer_id}/consents/{channel}/{topic}", "cus_1", "email", "a/b")).toBe(
    "/api/customers/cus_1/consents/email/a%2Fb",
  );
});

test("what the API does not offer does not compile", () => {
  // Never called: an error that does not come is an error of the type check.
  const refused = () => {
    // @ts-expect-error there is no such route
    void get("/api/nothing");
    // @ts-expect-error its placeholder is not filled
    void get("/api/customers/{customer_id}");
    // @ts-expect-error a value is missing
    path("/api/customers/{customer_id}");
    // @ts-expect-error customers are not removed
    void remove(path("/api/customers/{customer_id}", "cus_1"));
    // @ts-expect-error the body is missing
    void post("/api/keys");
    // @ts-expect-error there is no such kind of key
    void post("/api/keys", { kind: "master", name: "Mine" });
    // @ts-expect-error pausing takes no body
    void put(path("/api/journeys/{slug}/pause", "welcome"), {});
    // @ts-expect-error there is no such parameter
    void get("/api/customers", { stages: "active" });
    // @ts-expect-error the answer is a list, not one of its items
    void get("/api/keys").then((keys) => keys.name);
  };
  expect(refused).toBeTypeOf("function");
});
