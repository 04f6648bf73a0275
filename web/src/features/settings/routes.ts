import type { FeatureRoute } from "@/lib/routes";

export const routes: FeatureRoute[] = [];
