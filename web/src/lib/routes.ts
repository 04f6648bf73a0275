import type { ComponentType } from "react";

/** One page of a feature. The app mounts it inside the shell and loads its code when it is first visited. */
export type FeatureRoute = {
  /** Path from the root, with `$name` for a parameter: "/customers/$id". */
  path: string;
  /** Said in the browser's tab, before "Regulars". */
  title: string;
  load: () => Promise<{ default: ComponentType }>;
};
