// By file, not by the package's index: the index is five thousand modules long.

export { default as IconWarning } from "@tabler/icons-react/dist/esm/icons/IconAlertTriangle.mjs";
export { default as IconBack } from "@tabler/icons-react/dist/esm/icons/IconArrowLeft.mjs";
export { default as IconCheck } from "@tabler/icons-react/dist/esm/icons/IconCheck.mjs";
export { default as IconDown } from "@tabler/icons-react/dist/esm/icons/IconChevronDown.mjs";
export { default as IconClock } from "@tabler/icons-react/dist/esm/icons/IconClock.mjs";
export { default as IconDevice } from "@tabler/icons-react/dist/esm/icons/IconDeviceDesktop.mjs";
export { default as IconBell } from "@tabler/icons-react/dist/esm/icons/IconInfoCircle.mjs";
export { default as IconKey } from "@tabler/icons-react/dist/esm/icons/IconKey.mjs";
export { default as IconMail } from "@tabler/icons-react/dist/esm/icons/IconMail.mjs";
export { default as IconMenu } from "@tabler/icons-react/dist/esm/icons/IconMenu2.mjs";
export { default as IconDark } from "@tabler/icons-react/dist/esm/icons/IconMoon.mjs";
export { default as IconPlus } from "@tabler/icons-react/dist/esm/icons/IconPlus.mjs";
export { default as IconLifecycle } from "@tabler/icons-react/dist/esm/icons/IconRefresh.mjs";
export { default as IconJourneys } from "@tabler/icons-react/dist/esm/icons/IconRoute.mjs";
export { default as IconSearch } from "@tabler/icons-react/dist/esm/icons/IconSearch.mjs";
export { default as IconSystem } from "@tabler/icons-react/dist/esm/icons/IconServer2.mjs";
export { default as IconSettings } from "@tabler/icons-react/dist/esm/icons/IconSettings.mjs";
export { default as IconLight } from "@tabler/icons-react/dist/esm/icons/IconSun.mjs";
export { default as IconCustomers } from "@tabler/icons-react/dist/esm/icons/IconUser.mjs";
export { default as IconAudiences } from "@tabler/icons-react/dist/esm/icons/IconUsersGroup.mjs";
