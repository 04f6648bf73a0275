import {
  Avatar,
  type MantineColorScheme,
  Menu,
  Text,
  UnstyledButton,
  useMantineColorScheme,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { asProblem, type Session, useSessionVerbs } from "@/api";
import classes from "./MemberMenu.module.css";

type Props = { member: Session["member"]; compact?: boolean };

const SCHEMES: { value: MantineColorScheme; label: string }[] = [
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
  { value: "auto", label: "System" },
];

/** The signed-in member: colour scheme and sign-out. */
export function MemberMenu({ member, compact = false }: Props) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { signOut } = useSessionVerbs();
  const navigate = useNavigate();
  const leave = () =>
    signOut().then(
      () => navigate({ to: "/sign-in" }),
      (error) =>
        notifications.show({ color: "red", title: "Still signed in", message: asProblem(error).message }),
    );
  return (
    <Menu position={compact ? "bottom-end" : "top-start"} width={232} withinPortal={false}>
      <Menu.Target>
        <UnstyledButton className={classes.button}>
          <Avatar
            name={member.name}
            color="mulberry"
            size={compact ? 32 : 36}
            radius="xl"
            alt=""
            aria-hidden
          />
          {compact ? (
            <span className="rg-hidden">Account of {member.name}</span>
          ) : (
            <span className={classes.words}>
              <span className={classes.name}>{member.name}</span>
              <span className={classes.role}>{member.role}</span>
            </span>
          )}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Text size="sm" px="sm" py={6} style={{ overflowWrap: "anywhere" }}>
          {member.email}
        </Text>
        <Menu.Divider />
        <Menu.Label>Colours</Menu.Label>
        <Menu.RadioGroup
          value={colorScheme}
          onChange={(value) => setColorScheme(value as MantineColorScheme)}
        >
          {SCHEMES.map(({ value, label }) => (
            <Menu.RadioItem key={value} value={value}>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item onClick={leave}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
