import { expect, test } from "vitest";
import { insideAddress } from "./next";

test("signing in leads back to the page one came from", () => {
  expect(insideAddress("/customers?stage=loyalty")).toBe("/customers?stage=loyalty");
});

test.each([
  undefined,
  "",
  "https://evil.example/",
  "//evil.example/x",
  "/\\evil.example",
  "javascript:alert(1)",
])("%s leads nowhere but home", (next) => {
  expect(insideAddress(next)).toBe("/");
});
