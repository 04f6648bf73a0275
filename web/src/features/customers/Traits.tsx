import { ActionIcon, Popover, Stack, Text } from "@mantine/core";
import IconHistory from "@tabler/icons-react/dist/esm/icons/IconHistory.mjs";
import { useState } from "react";
import { type Customer, path, useResource } from "@/api";
import { Instant, Loaded, Waiting } from "@/design";
import { valueText } from "./names";
import { Panel } from "./Panel";

export function Traits({ customer }: { customer: Customer }) {
  const traits = Object.entries(customer.traits).sort(([one], [other]) => one.localeCompare(other));
  return (
    <Panel title="Traits">
      {traits.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing is known yet. An <code>identify</code> call with traits fills this.
        </Text>
      ) : (
        <dl>
          {traits.map(([key, value]) => (
            <Trait key={key} customer={customer.id} name={key} value={value} />
          ))}
        </dl>
      )}
    </Panel>
  );
}

function Trait({ customer, name, value }: { customer: string; name: string; value: unknown }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <span>{valueText(value)}</span>
        <Popover
          opened={open}
          onChange={setOpen}
          width={280}
          position="bottom-end"
          withArrow
          trapFocus
          withRoles
        >
          <Popover.Target>
            <ActionIcon
              size={26}
              variant="subtle"
              color="gray"
              aria-label={`History of ${name}`}
              onClick={() => setOpen((was) => !was)}
            >
              <IconHistory size={14} stroke={1.7} aria-hidden />
            </ActionIcon>
          </Popover.Target>
          <Popover.Dropdown>{open ? <History customer={customer} name={name} /> : null}</Popover.Dropdown>
        </Popover>
      </dd>
    </>
  );
}

function History({ customer, name }: { customer: string; name: string }) {
  const history = useResource(path("/api/customers/{customer_id}/traits/{key}", customer, name));
  return (
    <Stack
      gap={8}
      mah={280}
      style={{ overflowY: "auto" }}
      tabIndex={0}
      role="region"
      aria-label={`History of ${name}`}
    >
      <Text size="sm" fw={600}>
        {name}
      </Text>
      <Loaded
        query={history}
        waiting={<Waiting lines={2} />}
        empty={<Text size="sm">No earlier values.</Text>}
      >
        {(list) => (
          <>
            {list.items.map((item) => (
              <Text key={`${item.at} ${item.message_id}`} size="sm" style={{ overflowWrap: "anywhere" }}>
                {valueText(item.value)}
                <Text component="span" size="xs" c="dimmed" display="block">
                  from <Instant at={item.at} />
                </Text>
              </Text>
            ))}
          </>
        )}
      </Loaded>
    </Stack>
  );
}
