import { type AddressRules, parseAddressRules } from "@dataplane/aggregator";
import { list, type SettingKind } from "../setting.js";

export const addressRules: SettingKind<AddressRules> = {
  name: "hosts, host:port or blocks of addresses",
  parse: (value) => parseAddressRules(list.parse(value)),
};
