import {
  Anchor,
  Autocomplete,
  Badge,
  Button,
  Card,
  type CSSVariablesResolver,
  createTheme,
  Drawer,
  Menu,
  Modal,
  MultiSelect,
  Notification,
  Pagination,
  Select,
  Tooltip,
} from "@mantine/core";
import { amber, brick, leaf, mulberry, night, stone } from "./palette";

const CONTROLS = { first: "First page", previous: "Previous page", next: "Next page", last: "Last page" };

// A header inside a dialog is not the page's banner; without this there would be two of them.
const quietHeader = {
  closeButtonProps: { "aria-label": "Close" },
  attributes: { header: { role: "presentation" } },
};

// The list of options scrolls by itself: a scroll area around it would be a region no key can reach.
const options = {
  defaultProps: { withScrollArea: false },
  styles: { options: { maxHeight: 260, overflowY: "auto" } },
} as const;

export const theme = createTheme({
  colors: { mulberry, gray: stone, dark: night, green: leaf, yellow: amber, orange: amber, red: brick },
  primaryColor: "mulberry",
  primaryShade: { light: 8, dark: 6 },
  autoContrast: true,
  luminanceThreshold: 0.32,
  black: stone[9],
  fontFamily: "'Figtree Variable', system-ui, -apple-system, 'Segoe UI', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, monospace",
  headings: {
    fontFamily: "'Bricolage Grotesque Variable', 'Figtree Variable', system-ui, sans-serif",
    fontWeight: "650",
    sizes: {
      h1: { fontSize: "1.875rem", lineHeight: "1.2" },
      h2: { fontSize: "1.25rem", lineHeight: "1.3" },
      h3: { fontSize: "1.0625rem", lineHeight: "1.35" },
    },
  },
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
  respectReducedMotion: true,
  shadows: {
    xs: "0 1px 2px rgb(60 40 30 / 6%)",
    sm: "0 1px 3px rgb(60 40 30 / 8%), 0 4px 12px rgb(60 40 30 / 4%)",
    md: "0 2px 6px rgb(60 40 30 / 8%), 0 12px 32px rgb(60 40 30 / 8%)",
  },
  components: {
    Anchor: Anchor.extend({ defaultProps: { underline: "hover" } }),
    Autocomplete: Autocomplete.extend(options),
    // Mantine cuts a badge's word short where a table is narrow.
    Badge: Badge.extend({ defaultProps: { tt: "none" }, styles: { root: { minWidth: "max-content" } } }),
    Button: Button.extend({ defaultProps: { fw: 600 } }),
    Card: Card.extend({ defaultProps: { withBorder: true, padding: "lg", radius: "lg" } }),
    Drawer: Drawer.extend({ defaultProps: quietHeader }),
    // Focus starts on the menu itself: the placeholder is a child that a menu may not have.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }),
    Modal: Modal.extend({ defaultProps: { ...quietHeader, centered: true, radius: "lg" } }),
    MultiSelect: MultiSelect.extend(options),
    Notification: Notification.extend({ defaultProps: { closeButtonProps: { "aria-label": "Dismiss" } } }),
    Pagination: Pagination.extend({
      defaultProps: { getControlProps: (control) => ({ "aria-label": CONTROLS[control] }) },
    }),
    Select: Select.extend(options),
    Tooltip: Tooltip.extend({
      defaultProps: { withArrow: true, events: { hover: true, focus: true, touch: true } },
    }),
  },
});

const TONES = { mulberry, green: leaf, yellow: amber, orange: amber, red: brick };

/** Text and ground of the quiet variants (light, subtle). Mantine derives them from the filled shade, too dark for ours. */
function quiet(scheme: "light" | "dark"): Record<string, string> {
  return Object.fromEntries(
    Object.entries(TONES).flatMap(([name, shades]) => [
      [`--mantine-color-${name}-light-color`, shades[scheme === "light" ? 7 : 2]],
      [
        `--mantine-color-${name}-light`,
        scheme === "light" ? shades[0] : `color-mix(in srgb, ${shades[6]} 30%, transparent)`,
      ],
    ]),
  );
}

/** Variables Mantine leaves at a contrast below AA, and the ones of our own. */
export const variables: CSSVariablesResolver = () => ({
  variables: {
    "--rg-radius-card": "16px",
  },
  light: {
    ...quiet("light"),
    "--mantine-color-body": stone[0],
    "--mantine-color-placeholder": stone[6],
    "--mantine-color-dimmed": stone[6],
    "--mantine-color-error": brick[7],
    "--mantine-color-anchor": mulberry[7],
    "--mantine-color-default-border": stone[3],
    "--rg-surface": "#ffffff",
    "--rg-sunken": stone[1],
    "--rg-line": stone[2],
    "--rg-stage-mark": "0.6 0.14",
    "--rg-stage-soft": "0.945 0.038",
    "--rg-stage-text": "0.4 0.09",
  },
  dark: {
    ...quiet("dark"),
    "--mantine-color-placeholder": night[2],
    "--mantine-color-dimmed": night[2],
    "--mantine-color-error": brick[3],
    "--mantine-color-anchor": mulberry[3],
    "--mantine-color-default-border": night[4],
    "--rg-surface": "#262120",
    "--rg-sunken": night[8],
    "--rg-line": night[5],
    "--rg-stage-mark": "0.74 0.13",
    "--rg-stage-soft": "0.31 0.05",
    "--rg-stage-text": "0.88 0.07",
  },
});
