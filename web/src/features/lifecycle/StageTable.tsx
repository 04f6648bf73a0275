import { Card, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import type { LifecycleOverview, LifecycleStage } from "@/api";
import { type Column, DataTable, StageBadge } from "@/design";
import { count, dwell, percent, plural } from "@/lib/format";

type Row = Pick<LifecycleStage, "customers" | "entered" | "left"> & {
  stage: { slug: string; name: string } | null;
  median: number | null;
  conversions: LifecycleStage["conversions"];
};

/** The loop's numbers as a table: the same for a screen reader, an analyst and a doubter. */
export function StageTable({ data }: { data: LifecycleOverview }) {
  const rows: Row[] = [
    ...data.stages.map((stage) => ({ ...stage, stage, median: stage.median_dwell_s })),
    { ...data.unknown, stage: null, median: null, conversions: [] },
  ];
  const columns = useMemo(() => columnsOf(data), [data]);
  return (
    <Card>
      <Title order={2}>Stage by stage</Title>
      <Text c="dimmed" size="sm" mb="sm">
        Customers now; entered, left and the median of the stays that ended, in the last {data.window_days}{" "}
        days. An arrow is a conversion: of those who entered the stage in the last {data.cohort_days} days,
        the share who later reached the other.
      </Text>
      <DataTable
        label="Stages"
        columns={columns}
        rows={rows}
        rowKey={(row) => row.stage?.slug ?? "unknown"}
      />
    </Card>
  );
}

function columnsOf(data: LifecycleOverview): Column<Row>[] {
  const share = (row: Row) => percent(data.total > 0 ? row.customers / data.total : null);
  const fixed: Column<Row>[] = [
    { key: "stage", title: "Stage", heads: true, cell: (row) => <StageBadge stage={row.stage} /> },
    { key: "customers", title: "Customers", align: "right", cell: (row) => count(row.customers) },
    { key: "share", title: "Share", align: "right", cell: share },
    { key: "entered", title: "Entered", align: "right", cell: (row) => count(row.entered) },
    { key: "left", title: "Left", align: "right", cell: (row) => count(row.left) },
    { key: "dwell", title: "Median stay", align: "right", cell: (row) => dwell(row.median) },
  ];
  const later = data.stages.slice(1).map(
    (stage): Column<Row> => ({
      key: `to-${stage.slug}`,
      title: `→ ${stage.name}`,
      align: "right",
      cell: (row) => {
        const found = row.conversions.find((conversion) => conversion.to === stage.slug);
        return found ? <span title={plural(found.customers, "customer")}>{percent(found.share)}</span> : "";
      },
    }),
  );
  return [...fixed, ...later];
}
