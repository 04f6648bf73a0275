import { expect, test } from "vitest";

const files = import.meta.glob("../**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });

/** Which floors a floor may import, beside itself. */
const ALLOWED: Record<string, string[]> = {
  app: ["features", "design", "api", "lib"],
  features: ["design", "api", "lib"],
  design: ["lib"],
  api: ["lib"],
  lib: [],
};

/** Shared components may be told what the API's answers look like; they never ask for one. */
const mayName = (floor: string, other: string, types: boolean) =>
  types && floor === "design" && other === "api";

type Import = { file: string; floor: string; feature: string | undefined; from: string; types: boolean };

const imports: Import[] = Object.entries(files).flatMap(([key, text]) => {
  const file = new URL(key, "https://x/src/app/").pathname.replace("/src/", "");
  const [floor = "", feature] = file.split("/");
  const found = String(text).matchAll(/^(?:import|export) (type )?[^;"]*?"([^"]+)"|\bimport\("([^"]+)"\)/gm);
  return [...found]
    .map(([, types, fixed, lazy]) => ({ name: fixed ?? lazy ?? "", types: types !== undefined }))
    .map(({ name, types }) => ({
      types,
      file,
      floor,
      feature: floor === "features" ? feature : undefined,
      from: name.startsWith(".")
        ? new URL(name, `https://x/${file}`).pathname.slice(1)
        : name.replace(/^@\//, "@/"),
    }));
});

const inside = ({ from }: Import): string | null => {
  const place = from.startsWith("@/") ? from.slice(2) : from;
  return Object.keys(ALLOWED).includes(place.split("/")[0] ?? "") ? place : null;
};

test("imports go down: app, features, design and api, lib", () => {
  const wrong = imports.filter((each) => {
    const floor = inside(each)?.split("/")[0];
    return (
      floor !== undefined &&
      floor !== each.floor &&
      !ALLOWED[each.floor]?.includes(floor) &&
      !mayName(each.floor, floor, each.types)
    );
  });
  expect(wrong.map(({ file, from }) => `${file} imports ${from}`)).toEqual([]);
});

test("features never import each other", () => {
  const wrong = imports.filter((each) => {
    const [floor, feature] = inside(each)?.split("/") ?? [];
    return each.feature !== undefined && floor === "features" && feature !== each.feature;
  });
  expect(wrong.map(({ file, from }) => `${file} imports ${from}`)).toEqual([]);
});

test("no file is longer than 250 lines", () => {
  const long = Object.entries(files).filter(
    ([name, text]) => String(text).split("\n").length > 251 && !name.endsWith(".d.ts"),
  );
  expect(long.map(([name]) => name)).toEqual([]);
});
