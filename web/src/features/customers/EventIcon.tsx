import IconBellOff from "@tabler/icons-react/dist/esm/icons/IconBellOff.mjs";
import IconBolt from "@tabler/icons-react/dist/esm/icons/IconBolt.mjs";
import IconClick from "@tabler/icons-react/dist/esm/icons/IconClick.mjs";
import IconDeviceMobile from "@tabler/icons-react/dist/esm/icons/IconDeviceMobile.mjs";
import IconEye from "@tabler/icons-react/dist/esm/icons/IconEye.mjs";
import IconMailOff from "@tabler/icons-react/dist/esm/icons/IconMailOff.mjs";
import IconMailOpened from "@tabler/icons-react/dist/esm/icons/IconMailOpened.mjs";
import IconMailX from "@tabler/icons-react/dist/esm/icons/IconMailX.mjs";
import IconRobot from "@tabler/icons-react/dist/esm/icons/IconRobot.mjs";
import IconShieldCheck from "@tabler/icons-react/dist/esm/icons/IconShieldCheck.mjs";
import IconShoppingBag from "@tabler/icons-react/dist/esm/icons/IconShoppingBag.mjs";
import type { TimelineEvent } from "@/api";
import { IconAudiences, IconCustomers, IconJourneys, IconLifecycle, IconMail } from "@/design";
import { byMachine } from "./happenings";

type Icon = typeof IconMail;

const BY_NAME: Record<string, Icon> = {
  "Page Viewed": IconEye,
  "Screen Viewed": IconDeviceMobile,
  Identified: IconCustomers,
  "Email Opened": IconMailOpened,
  "Email Clicked": IconClick,
  "Email Bounced": IconMailX,
  "Email Withheld": IconMailOff,
  Unsubscribed: IconBellOff,
};

const BY_BEGINNING: [string, Icon][] = [
  ["Order ", IconShoppingBag],
  ["Stage ", IconLifecycle],
  ["Audience ", IconAudiences],
  ["Journey ", IconJourneys],
  ["Email ", IconMail],
  ["Consent ", IconShieldCheck],
];

export function EventIcon({ event }: { event: TimelineEvent }) {
  const Drawn = byMachine(event)
    ? IconRobot
    : (BY_NAME[event.name] ?? BY_BEGINNING.find(([start]) => event.name.startsWith(start))?.[1] ?? IconBolt);
  return <Drawn size={17} stroke={1.7} aria-hidden />;
}
