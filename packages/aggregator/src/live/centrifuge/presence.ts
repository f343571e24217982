/** Who is subscribed to which channel, on this server. */
export class Presence {
  readonly #channels = new Map<string, Map<string, string>>();

  add(channel: string, client: string, user: string): void {
    const clients = this.#channels.get(channel) ?? new Map<string, string>();
    clients.set(client, user);
    this.#channels.set(channel, clients);
  }

  remove(channel: string, client: string): void {
    const clients = this.#channels.get(channel);
    clients?.delete(client);
    if (clients?.size === 0) this.#channels.delete(channel);
  }

  /** By client. */
  of(channel: string): Readonly<Record<string, { readonly client: string; readonly user: string }>> {
    return Object.fromEntries([...(this.#channels.get(channel) ?? [])].map(([client, user]) => [client, { client, user }]));
  }

  stats(channel: string): { readonly num_clients: number; readonly num_users: number } {
    const clients = this.#channels.get(channel);
    return { num_clients: clients?.size ?? 0, num_users: new Set(clients?.values()).size };
  }
}
