import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { IconBack } from "./icons";

/** To the page this one hangs under. */
export function BackLink({ to, children }: { to: string; children: string }) {
  return (
    <Anchor component={Link} to={to} size="sm">
      <IconBack size={14} stroke={1.7} aria-hidden style={{ verticalAlign: "-2px" }} /> {children}
    </Anchor>
  );
}
