import { Anchor, CloseButton, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { asProblem, type Customer, path, put } from "@/api";
import { Ago } from "@/design";
import { Panel } from "./Panel";

type Place = Customer["lists"][number];
const tick_ms = 1_500;

/** The static lists they were put on by hand or by file. */
export function Lists({ customer }: { customer: Customer }) {
  return (
    <Panel title="Lists">
      {customer.lists.length === 0 ? (
        <Text size="sm" c="dimmed">
          On no list.
        </Text>
      ) : null}
      <dl>
        {customer.lists.map((place) => (
          <Listed key={place.slug} place={place} customer={customer.id} />
        ))}
      </dl>
    </Panel>
  );
}

function Listed({ place, customer }: { place: Place; customer: string }) {
  const queries = useQueryClient();
  const address = path("/api/customers/{customer_id}", customer);
  const leave = useMutation({
    mutationFn: () =>
      put(path("/api/lists/{slug}/members", place.slug), { add: [], remove: [{ id: customer }] }),
    // They leave with the next tick.
    onSuccess: () => setTimeout(() => queries.invalidateQueries({ queryKey: [address] }), tick_ms),
    onError: (error) =>
      notifications.show({ color: "red", title: "Still on the list", message: asProblem(error).message }),
  });
  return (
    <>
      <dt>
        <Anchor component={Link} to={`/audiences/lists/${place.slug}`} size="sm">
          {place.name}
        </Anchor>
      </dt>
      <dd>
        <span>{leave.isSuccess ? "leaving …" : <Since at={place.since} />}</span>
        <CloseButton
          size="sm"
          aria-label={`Take off ${place.name}`}
          title="Take off the list"
          disabled={leave.isPending || leave.isSuccess}
          onClick={() => leave.mutate()}
        />
      </dd>
    </>
  );
}

const Since = ({ at }: { at: string }) => (
  <>
    since <Ago at={at} />
  </>
);
