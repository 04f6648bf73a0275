import type { MantineColorsTuple } from "@mantine/core";

/** The brand: mulberry. Shade 8 carries white text at 9:1, shade 4 is read on the dark page at 5:1. */
export const mulberry: MantineColorsTuple = [
  "#fcf1f7",
  "#f5dcea",
  "#e8b4d0",
  "#dd92bb",
  "#d172a6",
  "#bd4a88",
  "#a83a75",
  "#8c2d61",
  "#6b1f4a",
  "#4a1333",
];

/** Warm neutrals in place of Mantine's blue greys. Shade 6 is dimmed text: 5.4:1 on the page. */
export const stone: MantineColorsTuple = [
  "#faf8f5",
  "#f4f0eb",
  "#e9e3db",
  "#d9d0c6",
  "#bcb1a5",
  "#94887c",
  "#6d6359",
  "#534a42",
  "#3a332d",
  "#231e1a",
];

/** The dark scheme's surfaces: 7 is the page, 6 a card, 2 dimmed text. */
export const night: MantineColorsTuple = [
  "#eee8e3",
  "#d5ccc5",
  "#afa59c",
  "#8b8078",
  "#4d453f",
  "#3b3430",
  "#2a2522",
  "#1d1917",
  "#171412",
  "#110e0d",
];

export const leaf: MantineColorsTuple = [
  "#eef8f0",
  "#d8eedd",
  "#b0ddbb",
  "#84cb96",
  "#5db977",
  "#3d9e5a",
  "#2c8048",
  "#216438",
  "#184c2a",
  "#0f351d",
];

export const amber: MantineColorsTuple = [
  "#fff7e6",
  "#ffebc4",
  "#fed78a",
  "#fcc053",
  "#f3a72b",
  "#d4870d",
  "#a86605",
  "#834e04",
  "#633a05",
  "#442706",
];

export const brick: MantineColorsTuple = [
  "#fef1ee",
  "#fbdcd5",
  "#f6b7aa",
  "#f0917e",
  "#e76d56",
  "#d14a32",
  "#b33722",
  "#922a19",
  "#701f13",
  "#4d140c",
];

// Cool for strangers, warm for regulars: the order of the stages can be felt before it is read.
const HUES = [262, 226, 190, 152, 112, 74, 40, 12, 345];

/** The hue of a stage by its place in its lifecycle, spread over the whole ramp. */
export function stageHue(index: number, stages: number): number {
  const place = stages < 2 ? 0 : (index / (stages - 1)) * (HUES.length - 1);
  const low = Math.min(Math.floor(place), HUES.length - 2);
  const from = HUES[low] ?? 0;
  let to = HUES[low + 1] ?? 0;
  if (to - from > 180) to -= 360;
  return Math.round((from + (to - from) * (place - low) + 360) % 360);
}
